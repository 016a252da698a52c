// Needs a shared library that is not installed.
#include "harmless_provider.h"

extern "C" int function_of_the_absent_library();

namespace {
embedq::Result<std::unique_ptr<embedq::Provider>> make(const embedq::Options& options, embedq::Context& context) {
    function_of_the_absent_library();
    return make_harmless(options, context);
}
}  // namespace

EMBEDQ_PROVIDER("missing_library", "1.0.0", "bad on purpose", no_options, make);
