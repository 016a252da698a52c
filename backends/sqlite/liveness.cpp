#include "liveness.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>

#include "sync/mutex.h"

namespace embedq::sqlite {
namespace {

// A byte for each worker, by a 64-bit FNV-1a hash. If two workers share one, a dead worker may look alive.
struct flock byte_of(std::string_view worker_id, short type) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : worker_id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    struct flock lock{};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = static_cast<off_t>(hash >> 2U);
    lock.l_len = 1;
    return lock;
}

}  // namespace

Liveness::~Liveness() {
    if (file_ >= 0) ::close(file_);
}

bool Liveness::open() {
    if (file_ < 0) file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return file_ >= 0;
}

void Liveness::hold(const std::string& worker_id) {
    const sync::Lock lock(mutex_);
    if (held_.contains(worker_id) || !open()) return;
    // The lock belongs to the open file, not to the process: another store on the same file in this process has its
    // own.
    struct flock byte = byte_of(worker_id, F_WRLCK);
    if (::fcntl(file_, F_OFD_SETLK, &byte) == 0) held_.insert(worker_id);
}

bool Liveness::is_dead(const std::string& worker_id) {
    const sync::Lock lock(mutex_);
    if (held_.contains(worker_id) || !open()) return false;
    struct flock byte = byte_of(worker_id, F_WRLCK);
    return ::fcntl(file_, F_OFD_GETLK, &byte) == 0 && byte.l_type == F_UNLCK;
}

}  // namespace embedq::sqlite
