#pragma once

#include <stddef.h>

// Whether `count` floats, at any address, are all numbers of magnitude `limit` at most.
int lehr_all_within(const void *values, size_t count, float limit);
