#pragma once

#include <sys/epoll.h>
#include <sys/eventfd.h>

// glibc declares these only under _GNU_SOURCE, which a header that Swift imports cannot define.
// Their types are spelled without <sys/socket.h> and <pthread.h>, whose contents belong to the
// module Glibc.
int lehr_accept4(int fd, void *address, void *length, int flags) __asm__("accept4");
int lehr_set_thread_name(unsigned long thread, const char *name) __asm__("pthread_setname_np");
// A mask has a bit for each processor, the least significant of the first word for the first.
int lehr_get_affinity(int pid, unsigned long size, unsigned long *mask) __asm__("sched_getaffinity");
int lehr_set_affinity(int pid, unsigned long size, const unsigned long *mask)
    __asm__("sched_setaffinity");
// prctl takes its arguments as a list, which Swift does not import.
#define LEHR_SET_PARENT_DEATH_SIGNAL 1
static inline int lehr_set_parent_death_signal(int signal) {
    int prctl(int option, ...);
    return prctl(LEHR_SET_PARENT_DEATH_SIGNAL, (unsigned long)signal);
}

#include <malloc.h>
// Bytes that the program has from malloc now, those of caches for threads included.
static inline size_t lehr_malloc_in_use(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}
// Gives memory that malloc keeps back to the system.
static inline void lehr_malloc_trim(void) { malloc_trim(0); }
