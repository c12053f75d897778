#pragma once

// One binary runs on any x86-64 and uses the widest vectors that the machine has. The choice is made
// while the program is loaded, before ThreadSanitizer is ready for the code that chooses.
#if defined(__x86_64__) && !__has_feature(thread_sanitizer)
#define LEVELS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define LEVELS
#endif
