// A row of the option table without a name.
#include "harmless_provider.h"

namespace {
constexpr std::array option_table = {embedq::OptionSpec{.name = "model", .type = embedq::OptionType::text},
                                     embedq::OptionSpec{.name = nullptr, .type = embedq::OptionType::text}};
}  // namespace

EMBEDQ_PROVIDER("nameless_option", "1.0.0", "bad on purpose", option_table, make_harmless);
