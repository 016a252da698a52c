// The factory throws a type of its own.
#include <stdexcept>

#include "harmless_provider.h"

namespace {

struct OwnException final : std::runtime_error {
    using std::runtime_error::runtime_error;
};

embedq::Result<std::unique_ptr<embedq::Provider>> make(const embedq::Options&, embedq::Context&) {
    throw OwnException("cannot even start");
}

}  // namespace

EMBEDQ_PROVIDER("throwing_factory", "1.0.0", "bad on purpose", no_options, make);
