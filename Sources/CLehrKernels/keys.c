#include "lehr_keys.h"
#include "levels.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))

// The lengths of eight keys, less one, in three bits each.
INLINE uint32_t control_at(const unsigned char *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16;
}

INLINE size_t length_in(uint32_t control, size_t position) {
    return (control >> (3 * position) & 7) + 1;
}

// The first `length` bytes of a number.
INLINE uint64_t cut(uint64_t bytes, size_t length) { return bytes & (~0ull >> (64 - 8 * length)); }

LEVELS size_t lehr_delta_encode(
    const uint64_t *keys, size_t count, void *control, void *data) {
    unsigned char *lengths = control;
    char *next = data;
    uint64_t previous = 0;
    for (size_t start = 0; start < count; start += 8) {
        const size_t end = count - start < 8 ? count : start + 8;
        uint32_t group = 0;
        for (size_t i = start; i < end; i++) {
            const uint64_t delta = keys[i] - previous;
            previous = keys[i];
            const uint32_t length = (uint32_t)(63 - __builtin_clzll(delta | 1)) / 8;
            group |= length << (3 * (i - start));
            memcpy(next, &delta, sizeof delta);
            next += length + 1;
        }
        for (int k = 0; k < 3; k++) *lengths++ = (unsigned char)(group >> (8 * k));
    }
    return (size_t)(next - (char *)data);
}

LEVELS size_t lehr_delta_data_size(const void *control, size_t count) {
    const unsigned char *lengths = control;
    size_t size = 0;
    for (; count >= 8; count -= 8, lengths += 3) {
        const uint32_t group = control_at(lengths);
        // Four pairs of lengths, then their sum.
        const uint32_t pairs = (group & 0x1C71C7) + (group >> 3 & 0x1C71C7);
        size += 8 + (pairs & 63) + (pairs >> 6 & 63) + (pairs >> 12 & 63) + (pairs >> 18);
    }
    if (count == 0) return size;
    const uint32_t group = control_at(lengths);
    for (size_t i = 0; i < count; i++) size += length_in(group, i);
    return size;
}

LEVELS void lehr_delta_decode(
    const void *control, const void *data, size_t size, uint64_t *keys, size_t count) {
    const unsigned char *lengths = control;
    const char *next = data;
    const char *end = next + size;
    uint64_t key = 0;
    // Eight keys take at most 64 bytes, so that each may be read as eight.
    for (; count >= 8 && end - next >= 64; count -= 8, lengths += 3, keys += 8) {
        const uint32_t group = control_at(lengths);
        for (size_t i = 0; i < 8; i++) {
            const size_t length = length_in(group, i);
            uint64_t bytes;
            memcpy(&bytes, next, sizeof bytes);
            next += length;
            key += cut(bytes, length);
            keys[i] = key;
        }
    }
    for (size_t i = 0; i < count; i++) {
        const size_t length = length_in(control_at(lengths + i / 8 * 3), i % 8);
        uint64_t bytes = 0;
        memcpy(&bytes, next, length);
        next += length;
        key += bytes;
        keys[i] = key;
    }
}
