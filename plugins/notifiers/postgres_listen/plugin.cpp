// Notifications by PostgreSQL's LISTEN and NOTIFY, between all processes that use one database.
#include "embedq/plugin.h"

#include <array>

#include "notifiers/postgres_listen/notifier.h"

namespace {

using namespace embedq;

constexpr double hour = 3600e3;

constexpr std::array option_table = {
    OptionSpec{.name = "url",
               .type = OptionType::text,
               .help = "Where to listen, as a libpq URL. Default: the store's. Behind PgBouncer in transaction mode it "
                       "must lead to the server itself.",
               .secret = true},
    OptionSpec{.name = "channel",
               .type = OptionType::text,
               .default_value = "api_catalog_embedding_jobs",
               .help = "The channel. All processes that share the store must use the same."},
    OptionSpec{.name = "interval",
               .type = OptionType::duration,
               .default_value = "1s",
               .help = "How often an idle worker looks for work while no notifications arrive.",
               .minimum = 10,
               .maximum = hour},
    OptionSpec{.name = "probe_interval",
               .type = OptionType::duration,
               .default_value = "10s",
               .help = "How often the session is checked for whether it still listens.",
               .minimum = 10,
               .maximum = hour},
    OptionSpec{.name = "probe_timeout",
               .type = OptionType::duration,
               .default_value = "5s",
               .help = "How long the server may take to answer before the session counts as lost.",
               .minimum = 10,
               .maximum = hour},
    OptionSpec{.name = "connect_timeout",
               .type = OptionType::duration,
               .default_value = "10s",
               .help = "How long connecting to one host may take.",
               .minimum = 10,
               .maximum = hour},
    OptionSpec{.name = "retry_max",
               .type = OptionType::duration,
               .default_value = "10s",
               .help = "The longest pause between two attempts to reconnect; the first is a quarter of a second.",
               .minimum = 10,
               .maximum = hour},
};

}  // namespace

EMBEDQ_NOTIFIER("postgres_listen", "1.0.0",
                "Wakes idle workers of all processes that use one PostgreSQL database, by LISTEN and NOTIFY.",
                option_table, notifiers::make_postgres_listen);
