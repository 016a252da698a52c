// The same option in two rows of its table.
#include "harmless_provider.h"

namespace {
constexpr std::array option_table = {embedq::OptionSpec{.name = "model", .type = embedq::OptionType::text},
                                     embedq::OptionSpec{.name = "model", .type = embedq::OptionType::text}};
}  // namespace

EMBEDQ_PROVIDER("option_twice", "1.0.0", "bad on purpose", option_table, make_harmless);
