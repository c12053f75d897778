#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Which of the eight 32-bit tags at `tags` (16-byte aligned) equal `tag`: bit i for tag i.
static inline uint32_t lehr_tags_equal(const void *tags, uint32_t tag) {
#if defined(__SSE2__)
    const __m128i *lanes = (const __m128i *)tags;
    __m128i wanted = _mm_set1_epi32((int)tag);
    __m128i low = _mm_cmpeq_epi32(_mm_load_si128(lanes), wanted);
    __m128i high = _mm_cmpeq_epi32(_mm_load_si128(lanes + 1), wanted);
    __m128i halves = _mm_packs_epi32(low, high);
    return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(halves, _mm_setzero_si128()));
#else
    const uint32_t *lanes = (const uint32_t *)tags;
    uint32_t mask = 0;
    for (int i = 0; i < 8; i++) mask |= (uint32_t)(lanes[i] == tag) << i;
    return mask;
#endif
}

// How many entries of some buckets stayed, went to the others and were displaced.
typedef struct {
    uint32_t stayed, went, displaced;
} lehr_division;

// Divides `count` buckets (eight tags, eight locations each, 32-byte aligned) by bit `bit` of their tags:
// entries that have it go to the same bucket of `others`, whose bytes are anything. Entries with the
// uppermost bit are taken out of both and have their locations written to `displaced`, which has room
// for one of each slot; those with the tags 0 and 1 are dropped.
lehr_division lehr_buckets_divide(
    void *buckets, void *others, size_t count, uint32_t bit, uint32_t *displaced);

// As above, on any machine.
lehr_division lehr_buckets_divide_portably(
    void *buckets, void *others, size_t count, uint32_t bit, uint32_t *displaced);
