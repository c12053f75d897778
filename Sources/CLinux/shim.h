#pragma once

#include <sys/epoll.h>
#include <sys/eventfd.h>

// glibc declares these only under _GNU_SOURCE, which a header that Swift imports cannot define.
// Their types are spelled without <sys/socket.h> and <pthread.h>, whose contents belong to the
// module Glibc.
int lehr_accept4(int fd, void *address, void *length, int flags) __asm__("accept4");
int lehr_set_thread_name(unsigned long thread, const char *name) __asm__("pthread_setname_np");
