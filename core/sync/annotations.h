// The attributes for clang's -Wthread-safety, as macros that are empty for other compilers.
//
// A mutex is a capability. A member names the one that guards it. A function names the ones that its caller must hold
// (EMBEDQ_REQUIRES), or must not hold, since the function acquires it, waits, or calls other parts (EMBEDQ_EXCLUDES).
#pragma once

#if defined(__clang__)
#define EMBEDQ_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define EMBEDQ_THREAD_ATTRIBUTE(x)
#endif

// For classes: a lock, and an object that holds one for a scope.
#define EMBEDQ_CAPABILITY(name) EMBEDQ_THREAD_ATTRIBUTE(capability(name))
#define EMBEDQ_SCOPED_CAPABILITY EMBEDQ_THREAD_ATTRIBUTE(scoped_lockable)

// For members: the mutex that must be held to access the member, or what it points to.
#define EMBEDQ_GUARDED_BY(mutex) EMBEDQ_THREAD_ATTRIBUTE(guarded_by(mutex))
#define EMBEDQ_PT_GUARDED_BY(mutex) EMBEDQ_THREAD_ATTRIBUTE(pt_guarded_by(mutex))

// For functions: what the caller must hold or not hold, and what the function acquires or releases.
#define EMBEDQ_REQUIRES(...) EMBEDQ_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define EMBEDQ_REQUIRES_SHARED(...) EMBEDQ_THREAD_ATTRIBUTE(requires_shared_capability(__VA_ARGS__))
#define EMBEDQ_EXCLUDES(...) EMBEDQ_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define EMBEDQ_ACQUIRE(...) EMBEDQ_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define EMBEDQ_ACQUIRE_SHARED(...) EMBEDQ_THREAD_ATTRIBUTE(acquire_shared_capability(__VA_ARGS__))
#define EMBEDQ_RELEASE(...) EMBEDQ_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define EMBEDQ_RELEASE_SHARED(...) EMBEDQ_THREAD_ATTRIBUTE(release_shared_capability(__VA_ARGS__))
#define EMBEDQ_TRY_ACQUIRE(...) EMBEDQ_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define EMBEDQ_RETURN_CAPABILITY(mutex) EMBEDQ_THREAD_ATTRIBUTE(lock_returned(mutex))

// For a function that the analysis cannot follow; a comment gives the reason.
#define EMBEDQ_NO_THREAD_SAFETY_ANALYSIS EMBEDQ_THREAD_ATTRIBUTE(no_thread_safety_analysis)
