#include "conformance/service_kit.h"

#include <vector>

#include "kit/call.h"
#include "kit/cases.h"
#include "kit/residue.h"

namespace embedq::conformance {
namespace {

using namespace std::chrono_literals;

using ServicePtr = std::shared_ptr<Service>;

// What the contract calls "a few seconds".
constexpr Steady::duration stop_limit = 5s;
constexpr Steady::duration start_limit = 30s;

class ServiceKit {
public:
    explicit ServiceKit(const ServiceFactory& make) : make_(make) {}

    [[nodiscard]] ServicePtr make() const { return make_instance<Service>(make_, "the service"); }

    [[nodiscard]] static Call<Status> begin_start(const ServicePtr& service) {
        return {"start()", [service] { return service->start(); }};
    }
    [[nodiscard]] static Status try_start(const ServicePtr& service) {
        return begin_start(service).result(start_limit);
    }
    // Ends the case when it does not start.
    static void start(const ServicePtr& service) { value_of(try_start(service), "start()"); }
    [[nodiscard]] ServicePtr started() const {
        ServicePtr service = make();
        start(service);
        return service;
    }

    [[nodiscard]] static Call<Done> begin_stop(const ServicePtr& service, const std::string& when) {
        return {"stop() " + when, [service] {
                    service->stop();
                    return Done{};
                }};
    }
    static void stop(const ServicePtr& service, const std::string& when) {
        (void)begin_stop(service, when).result(stop_limit);
    }

private:
    const ServiceFactory make_;
};

using ServiceCase = KitCase<ServiceKit>;

void starts_and_stops(ServiceKit& kit) {
    const ServicePtr service = kit.started();
    ServiceKit::stop(service, "after start()");
}

void starts_again_after_a_stop(ServiceKit& kit) {
    constexpr int round_count = 3;
    for (int round = 1; round <= round_count; ++round) {
        const ServicePtr service = kit.make();
        const Status status = ServiceKit::try_start(service);
        if (!status) {
            throw CaseEnded("instance " + std::to_string(round) +
                            ", started after the previous one was stopped, returned " + text_of(status.error()));
        }
        ServiceKit::stop(service, "in round " + std::to_string(round));
    }
}

void before_start_is_safe(ServiceKit& kit) {
    ServiceKit::stop(kit.make(), "before start()");
}

void twice_is_safe(ServiceKit& kit) {
    const ServicePtr service = kit.started();
    ServiceKit::stop(service, "the first time");
    ServiceKit::stop(service, "the second time");
}

void several_threads_may_stop(ServiceKit& kit) {
    constexpr int thread_count = 4;
    const ServicePtr service = kit.started();
    std::vector<Call<Done>> stops;
    for (int i = 0; i < thread_count; ++i)
        stops.push_back(ServiceKit::begin_stop(service, "from several threads in parallel"));
    for (auto& stop : stops) (void)stop.result(stop_limit);
}

// The stop comes before start() has done anything, while it runs, and when it is probably done. In any order, a stop
// after both ends the service.
void while_starting_ends_both(ServiceKit& kit) {
    for (const Steady::duration into :
         {Steady::duration(0ms), Steady::duration(1ms), Steady::duration(10ms), Steady::duration(50ms)}) {
        const testing::ScopedTrace trace(__FILE__, __LINE__, "stopped after " + in_words(into));
        const ServicePtr service = kit.make();
        auto start = ServiceKit::begin_start(service);
        (void)start.done_within(into);
        auto stop = ServiceKit::begin_stop(service, "while start() runs");
        (void)stop.result(stop_limit);
        (void)start.result(stop_limit);  // an error is as good as success
        ServiceKit::stop(service, "after a start() that was stopped");
    }
    // Nothing that was acquired on the way is still held.
    ServiceKit::stop(kit.started(), "of an instance that started after those that were stopped while starting");
}

// Two of one configuration: the second may fail because a resource is taken, but then with a message.
void two_at_once_start_or_say_why_not(ServiceKit& kit) {
    const ServicePtr first = kit.started();
    const ServicePtr second = kit.make();
    const Status status = ServiceKit::try_start(second);
    EXPECT_TRUE(status || !to_string(status.error()).empty())
        << "start() failed without a message, which is all that people see";
    ServiceKit::stop(second, "on the second of two instances");
    ServiceKit::stop(first, "on the first of two instances");
}

// Provoked by a resource that two instances of one configuration cannot share.
void after_a_failed_start_is_safe(ServiceKit& kit) {
    const ServicePtr first = kit.started();
    const ServicePtr second = kit.make();
    (void)ServiceKit::try_start(second);
    ServiceKit::stop(second, "after a failed start()");
    ServiceKit::stop(second, "a second time after a failed start()");
    ServiceKit::stop(first, "after another instance failed to start");
}

std::string unless_a_start_fails(ServiceKit& kit) {
    const ServicePtr first = kit.started();
    const ServicePtr second = kit.make();
    const bool failed = !ServiceKit::try_start(second);
    ServiceKit::stop(second, "on the second of two instances");
    ServiceKit::stop(first, "on the first of two instances");
    return failed ? "" : "two instances of this configuration start side by side, so no start fails";
}

void without_a_start(ServiceKit& kit) {
    (void)kit.make();
}

// Destruction must not leave anything running.
void without_a_stop(ServiceKit& kit) {
    expect_nothing_left("thread", threads_now, [&] { (void)kit.started(); });
}

void live(ServiceKit& kit) {
    const ServicePtr service = kit.started();
    ServiceKit::stop(service, "after start()");
}

void no_thread_is_left(ServiceKit& kit) {
    expect_nothing_left("thread", threads_now, [&] { live(kit); });
}

void no_thread_is_left_by_a_stop_while_starting(ServiceKit& kit) {
    expect_nothing_left("thread", threads_now, [&] {
        const ServicePtr service = kit.make();
        auto start = ServiceKit::begin_start(service);
        (void)start.done_within(10ms);
        ServiceKit::stop(service, "while start() runs");
        (void)start.result(stop_limit);
        ServiceKit::stop(service, "after a start() that was stopped");
    });
}

void no_descriptor_is_left(ServiceKit& kit) {
    expect_nothing_left("file descriptor", descriptors_now, [&] { live(kit); });
}

std::vector<ServiceCase> service_cases() {
    return {
        {"start", "starts_and_stops", starts_and_stops},
        {"start", "another_starts_after_a_stop", starts_again_after_a_stop},
        {"stop", "before_start_is_safe", before_start_is_safe},
        {"stop", "twice_is_safe", twice_is_safe},
        {"stop", "several_threads_may_stop", several_threads_may_stop},
        {"stop", "after_a_failed_start_is_safe", after_a_failed_start_is_safe, unless_a_start_fails},
        {"stop_while_starting", "ends_both", while_starting_ends_both},
        {"two_instances", "start_or_say_why_not", two_at_once_start_or_say_why_not},
        {"destruction", "without_a_start", without_a_start},
        {"destruction", "without_a_stop", without_a_stop},
        {"no_thread_left", "after_a_stop_and_destruction", no_thread_is_left},
        {"no_thread_left", "after_a_stop_while_starting", no_thread_is_left_by_a_stop_while_starting},
        {"no_descriptor_left", "after_a_stop_and_destruction", no_descriptor_is_left},
    };
}

}  // namespace

bool register_service_kit(const std::string& name, const ServiceFactory& make) {
    register_cases<ServiceKit>(name, service_cases(), [make] { return std::make_unique<ServiceKit>(make); });
    return true;
}

}  // namespace embedq::conformance
