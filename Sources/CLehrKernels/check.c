#include "lehr_check.h"
#include "levels.h"

#include <string.h>

LEVELS int lehr_all_within(const void *values, size_t count, float limit) {
    const char *bytes = values;
    int outside = 0;
    for (size_t i = 0; i < count; i++) {
        float x;
        memcpy(&x, bytes + 4 * i, sizeof x);
        // A comparison with a NaN is false.
        outside |= !(__builtin_fabsf(x) <= limit);
    }
    return !outside;
}
