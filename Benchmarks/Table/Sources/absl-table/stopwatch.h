#pragma once

#include <cstdint>

#include <time.h>

// Nanoseconds since it was made: of the clock on the wall, and of this thread on a processor.
class Stopwatch {
public:
    int64_t wall() const { return now(CLOCK_MONOTONIC) - wall_; }
    int64_t cpu() const { return now(CLOCK_THREAD_CPUTIME_ID) - cpu_; }

private:
    static int64_t now(clockid_t clock) {
        timespec time;
        clock_gettime(clock, &time);
        return int64_t{time.tv_sec} * 1000000000 + time.tv_nsec;
    }

    int64_t wall_ = now(CLOCK_MONOTONIC);
    int64_t cpu_ = now(CLOCK_THREAD_CPUTIME_ID);
};
