// The plugin's symbol: the PostgreSQL store by its name, options and factory.
#include "embedq/plugin.h"

#include "store.h"

EMBEDQ_STORE("postgres", "1.0.0", "Catalogs, jobs and vectors in one PostgreSQL database that many machines share",
             embedq::postgres::store_options, embedq::postgres::make_store);
