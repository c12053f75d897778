#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "lehr_bucket.h"
#include "lehr_check.h"
#include "lehr_convert.h"
#include "lehr_dense.h"
#include "lehr_dot.h"
#include "lehr_keys.h"

// Swift's `.squareRoot()` keeps errno and is four to eight times slower than the instruction.
static inline float lehr_sqrtf(float value) { return __builtin_elementwise_sqrt(value); }

// Brings the cache line of `address` near, for reading soon.
static inline void lehr_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }
