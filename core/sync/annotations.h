// What clang's -Wthread-safety checks of locks, as macros that are empty for other compilers.
//
// A mutex is a capability. A member says which one guards it; a function says which ones its caller must hold
// (EMBEDQ_REQUIRES), or must not hold since the function takes it, waits or calls out (EMBEDQ_EXCLUDES).
#pragma once

#if defined(__clang__)
#define EMBEDQ_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define EMBEDQ_THREAD_ATTRIBUTE(x)
#endif

// For classes: a lock that can be held, and what holds one for a scope.
#define EMBEDQ_CAPABILITY(name) EMBEDQ_THREAD_ATTRIBUTE(capability(name))
#define EMBEDQ_SCOPED_CAPABILITY EMBEDQ_THREAD_ATTRIBUTE(scoped_lockable)

// For members: which mutex is held to touch the member, or what it points to.
#define EMBEDQ_GUARDED_BY(mutex) EMBEDQ_THREAD_ATTRIBUTE(guarded_by(mutex))
#define EMBEDQ_PT_GUARDED_BY(mutex) EMBEDQ_THREAD_ATTRIBUTE(pt_guarded_by(mutex))

// For functions: what the caller holds, does not hold, and what the function takes or lets go of.
#define EMBEDQ_REQUIRES(...) EMBEDQ_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define EMBEDQ_REQUIRES_SHARED(...) EMBEDQ_THREAD_ATTRIBUTE(requires_shared_capability(__VA_ARGS__))
#define EMBEDQ_EXCLUDES(...) EMBEDQ_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define EMBEDQ_ACQUIRE(...) EMBEDQ_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define EMBEDQ_ACQUIRE_SHARED(...) EMBEDQ_THREAD_ATTRIBUTE(acquire_shared_capability(__VA_ARGS__))
#define EMBEDQ_RELEASE(...) EMBEDQ_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define EMBEDQ_RELEASE_SHARED(...) EMBEDQ_THREAD_ATTRIBUTE(release_shared_capability(__VA_ARGS__))
#define EMBEDQ_TRY_ACQUIRE(...) EMBEDQ_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define EMBEDQ_RETURN_CAPABILITY(mutex) EMBEDQ_THREAD_ATTRIBUTE(lock_returned(mutex))

// For a function that the analysis cannot follow; the reason stands beside it.
#define EMBEDQ_NO_THREAD_SAFETY_ANALYSIS EMBEDQ_THREAD_ATTRIBUTE(no_thread_safety_analysis)
