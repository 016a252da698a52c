// Refers to a function that no library has.
#include "harmless_provider.h"

extern "C" void function_that_no_library_has();

namespace {
embedq::Result<std::unique_ptr<embedq::Provider>> make(const embedq::Options& options, embedq::Context& context) {
    function_that_no_library_has();
    return make_harmless(options, context);
}
}  // namespace

EMBEDQ_PROVIDER("undefined_symbol", "1.0.0", "bad on purpose", no_options, make);
