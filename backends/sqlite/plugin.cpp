// The plugin's symbol: the SQLite store by its name, options and factory.
#include "embedq/plugin.h"

#include "store.h"

EMBEDQ_STORE("sqlite", "1.0.0", "Catalogs, jobs and vectors in one SQLite file that several processes may share",
             embedq::sqlite::store_options, embedq::sqlite::make_store);
