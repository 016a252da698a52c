// A default that its own row forbids.
#include "harmless_provider.h"

namespace {
constexpr std::array kOptions = {embedq::OptionSpec{.name = "timeout", .type = embedq::OptionType::duration, .default_value = "soon"}};
}  // namespace

EMBEDQ_PROVIDER("bad_options", "1.0.0", "bad on purpose", kOptions, make_harmless);
