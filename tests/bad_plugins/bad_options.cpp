// A default that its own row forbids.
#include "harmless_provider.h"

namespace {
constexpr std::array option_table = {
    embedq::OptionSpec{.name = "timeout", .type = embedq::OptionType::duration, .default_value = "soon"}};
}  // namespace

EMBEDQ_PROVIDER("bad_options", "1.0.0", "bad on purpose", option_table, make_harmless);
