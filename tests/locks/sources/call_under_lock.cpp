// The scheduler's table: nothing is logged, and nobody is called, while its mutex is held.
#include "scheduler/shared.h"

namespace embedq::scheduler {

void speak(Shared& shared) {
    const sync::Lock lock(shared.mutex);
    shared.draining = true;
    shared.logger().info("draining");  // error: cannot call function 'logger' while mutex 'shared.mutex'
    shared.notifier().publish();       // error: cannot call function 'notifier' while mutex 'shared.mutex'
    static_cast<void>(
        shared.store().endpoint_states());  // error: cannot call function 'store' while mutex 'shared.mutex'
    static_cast<void>(
        shared.providers().names());  // error: cannot call function 'providers' while mutex 'shared.mutex'
}

}  // namespace embedq::scheduler
