// The scheduler's state: nothing is logged, and nobody is called, while its mutex is held.
#include "scheduler/scheduler_state.h"

namespace embedq::scheduler {

void log_and_call(SchedulerState& state) {
    const sync::Lock lock(state.mutex);
    state.draining = true;
    state.logger().info("draining");  // error: cannot call function 'logger' while mutex 'state.mutex'
    state.notifier().publish();       // error: cannot call function 'notifier' while mutex 'state.mutex'
    static_cast<void>(
        state.store().endpoint_states());          // error: cannot call function 'store' while mutex 'state.mutex'
    static_cast<void>(state.providers().names());  // error: cannot call function 'providers' while mutex 'state.mutex'
}

}  // namespace embedq::scheduler
