// The committer writes vectors, progress and outcomes of many jobs in one transaction: when enough are ready, or after
// a short delay. One thread.
#pragma once

#include "scheduler/shared.h"

namespace embedq::scheduler {

class Committer {
public:
    explicit Committer(Shared& shared) : shared_(shared) {}

    // Until the endpoints have ended and everything is committed. A store that is unavailable is asked again until then.
    void run();

private:
    // Returns what the store kept; nothing kept when it refuses the commit as a whole.
    [[nodiscard]] std::vector<bool> write(const CommitWork& work);

    Shared& shared_;
};

}  // namespace embedq::scheduler
