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

// How many entries of a bucket stayed, went to the other and were displaced.
typedef struct {
    uint32_t stayed, went, displaced;
} lehr_bucket_division;

// Divides a bucket (eight tags, eight locations) by bit `bit` of its tags: entries that have it go to
// `other`, whose bytes are anything. Entries with the uppermost bit are taken out of both and have
// their locations written to `displaced`, which has room for eight; those with the tags 0 and 1 are
// dropped.
static inline lehr_bucket_division lehr_bucket_divide(
    void *bucket, void *other, uint32_t bit, uint32_t *displaced) {
    uint32_t *tags = (uint32_t *)bucket, *other_tags = (uint32_t *)other;
    uint32_t stayed = 0, went = 0, out = 0;
    // Everything is written everywhere and counted where it belongs: no branch to be guessed.
    for (int i = 0; i < 8; i++) {
        uint32_t tag = tags[i], location = tags[8 + i];
        uint32_t home = tag > 1 && tag >> 31 == 0, goes = tag >> bit & 1;
        displaced[out] = location;
        out += tag >> 31;
        tags[stayed] = other_tags[went] = tag;
        tags[8 + stayed] = other_tags[8 + went] = location;
        stayed += home & ~goes;
        went += home & goes;
    }
    for (uint32_t i = stayed; i < 8; i++) tags[i] = 0;
    for (uint32_t i = went; i < 8; i++) other_tags[i] = 0;
    lehr_bucket_division division = {stayed, went, out};
    return division;
}
