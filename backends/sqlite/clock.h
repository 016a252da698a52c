// What becomes of due times when the host's wall clock was set back: no wait becomes longer than it was to be.
//
// Used inside a write transaction.
#pragma once

#include <cstdint>

#include "database.h"

namespace embedq::sqlite {

// Each heartbeat looks whether the newest time in the file is ahead of `now`. Then waits are moved by as much as the
// clock was. A lease is made to end no later than one that is extended now by `lease`: a holder that lives extends its
// own before that. What began after the clock was set, and before this, may end too early.
void correct_times(Connection& connection, std::int64_t now, std::int64_t lease);

}  // namespace embedq::sqlite
