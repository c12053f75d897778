#include "lehr_bucket.h"

enum { slots = 8, words = 2 * slots };

lehr_division lehr_buckets_divide_portably(
    void *buckets, void *others, size_t count, uint32_t bit, uint32_t *displaced) {
    uint32_t *tags = buckets, *other_tags = others;
    lehr_division total = {0, 0, 0};
    for (size_t bucket = 0; bucket < count; bucket++, tags += words, other_tags += words) {
        uint32_t stayed = 0, went = 0;
        // Everything is written everywhere and counted where it belongs: no branch to be guessed.
        for (int i = 0; i < slots; i++) {
            const uint32_t tag = tags[i], location = tags[slots + i];
            const uint32_t home = tag > 1 && tag >> 31 == 0, goes = tag >> bit & 1;
            displaced[total.displaced] = location;
            total.displaced += tag >> 31;
            tags[stayed] = other_tags[went] = tag;
            tags[slots + stayed] = other_tags[slots + went] = location;
            stayed += home & ~goes;
            went += home & goes;
        }
        for (uint32_t i = stayed; i < slots; i++) tags[i] = 0;
        for (uint32_t i = went; i < slots; i++) other_tags[i] = 0;
        total.stayed += stayed;
        total.went += went;
    }
    return total;
}

#if defined(__x86_64__)

#include <immintrin.h>

#define WIDE static inline __attribute__((always_inline, target("avx2,bmi2")))

WIDE uint32_t signs(__m256i lanes) {
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(lanes));
}

// Writes the entries whose bit in `chosen` is set to a bucket, in order; returns how many.
WIDE uint32_t write_chosen(uint32_t *tags, __m256i old_tags, __m256i locations, uint32_t chosen) {
    // A byte for each lane, all ones where it is chosen, takes the numbers of those lanes together.
    const uint64_t lanes = _pdep_u64(chosen, 0x0101010101010101) * 0xFF;
    const uint64_t order = _pext_u64(0x0706050403020100, lanes);
    const __m256i from = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)order));
    const uint32_t count = (uint32_t)__builtin_popcount(chosen);
    const __m256i isTaken = _mm256_cmpgt_epi32(
        _mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    _mm256_store_si256(
        (__m256i *)tags,
        _mm256_and_si256(_mm256_permutevar8x32_epi32(old_tags, from), isTaken));
    _mm256_store_si256(
        (__m256i *)(tags + slots), _mm256_permutevar8x32_epi32(locations, from));
    return count;
}

__attribute__((target("avx2,bmi2"))) static lehr_division divide_widely(
    void *buckets, void *others, size_t count, uint32_t bit, uint32_t *displaced) {
    uint32_t *tags = buckets, *other_tags = others;
    lehr_division total = {0, 0, 0};
    const __m128i shift = _mm_cvtsi32_si128(31 - (int)bit);
    for (size_t bucket = 0; bucket < count; bucket++, tags += words, other_tags += words) {
        const __m256i old = _mm256_load_si256((const __m256i *)tags);
        const __m256i locations = _mm256_load_si256((const __m256i *)(tags + slots));
        // Signed numbers: those with the uppermost bit are below zero.
        const uint32_t home = signs(_mm256_cmpgt_epi32(old, _mm256_set1_epi32(1)));
        const uint32_t goes = signs(_mm256_sll_epi32(old, shift));
        for (uint32_t out = signs(old); out != 0; out &= out - 1) {
            displaced[total.displaced++] = tags[slots + __builtin_ctz(out)];
        }
        total.stayed += write_chosen(tags, old, locations, home & ~goes);
        total.went += write_chosen(other_tags, old, locations, home & goes);
    }
    return total;
}

#endif

lehr_division lehr_buckets_divide(
    void *buckets, void *others, size_t count, uint32_t bit, uint32_t *displaced) {
#if defined(__x86_64__)
    // That family has PDEP and PEXT in microcode, which would make this the slower one.
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
        !__builtin_cpu_is("amdfam17h")) {
        return divide_widely(buckets, others, count, bit, displaced);
    }
#endif
    return lehr_buckets_divide_portably(buckets, others, count, bit, displaced);
}
