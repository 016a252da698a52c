// Loads and starts, but throws when it is used.
#include <stdexcept>

#include "harmless_provider.h"

namespace {

class ThrowingProvider final : public HarmlessProvider {
public:
    embedq::Result<embedq::EmbedResult> embed(const embedq::EmbedRequest&) override {
        throw std::runtime_error("out of luck");
    }
};

embedq::Result<std::unique_ptr<embedq::Provider>> make(const embedq::Options&, embedq::Context&) {
    return std::make_unique<ThrowingProvider>();
}

}  // namespace

EMBEDQ_PROVIDER("throwing_embed", "1.0.0", "bad on purpose", no_options, make);
