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
    if (file_ >= 0 && id_of(path_) == opened_) return true;
    if (file_ >= 0) ::close(file_);
    file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0) return false;
    opened_ = id_of(path_);
    for (const std::string& worker_id : held_) (void)lock_byte(worker_id);
    return true;
}

// The lock belongs to the open file, not to the process: another store on the same file in this process has its own.
bool Liveness::lock_byte(const std::string& worker_id) {
    struct flock byte = byte_of(worker_id, F_WRLCK);
    return ::fcntl(file_, F_OFD_SETLK, &byte) == 0;
}

void Liveness::hold(const std::string& worker_id) {
    const sync::Lock lock(mutex_);
    if (open() && !held_.contains(worker_id) && lock_byte(worker_id)) held_.insert(worker_id);
}

bool Liveness::is_dead(const std::string& worker_id) {
    const sync::Lock lock(mutex_);
    if (held_.contains(worker_id) || !open()) return false;
    struct flock byte = byte_of(worker_id, F_WRLCK);
    return ::fcntl(file_, F_OFD_GETLK, &byte) == 0 && byte.l_type == F_UNLCK;
}

}  // namespace embedq::sqlite
