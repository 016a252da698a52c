#include "catalog/work.h"

#include <fmt/format.h>

#include <ctime>

namespace embedq::catalog {

using std::chrono::nanoseconds;

Work::Work(const Limits& limits, const ReadingControl& control, std::string_view form)
    : control_(control), limit_(limits.max_time), form_(form), begin_(time()) {}

// By default the processor's time: a document that is read on one machine is not refused on another because that one
// is busy.
nanoseconds Work::time() const {
    if (control_.clock) return control_.clock();
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

bool Work::look() {
    if (error_) return false;
    if (control_.stop.stop_requested()) {
        error_ = Error{ErrorKind::unavailable, "the reading of the document was stopped"};
    } else if (time() - begin_ > limit_) {
        error_ = Error{ErrorKind::invalid_argument,
                       fmt::format("reading the document takes more than {} s of a processor's time",
                                   std::chrono::duration<double>(limit_).count()),
                       form_ == "YAML" ? "write it as JSON, which is read many times faster, or split it" : "split it"};
    }
    return !error_;
}

}  // namespace embedq::catalog
