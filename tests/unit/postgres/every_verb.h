// Every verb of a store once, with checks that the values come back as they were.
#pragma once

#include "embedq/store.h"

namespace embedq::postgres::testing {

// The store is empty, before and after.
void call_every_verb(Store& store);

}  // namespace embedq::postgres::testing
