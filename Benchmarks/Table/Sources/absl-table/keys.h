#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// The finaliser of SplitMix64 (Stafford's variant 13): one to one. Lehr's `mixed`.
inline uint64_t mixed(uint64_t key) {
    key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9u;
    key = (key ^ (key >> 27)) * 0x94D049BB133111EBu;
    return key ^ (key >> 31);
}

// The key of a row, as `KeyStream` of LehrBench has it.
inline uint64_t keyOfRow(uint64_t row, uint64_t seed) { return mixed(mixed(seed) + row); }

// Batches of keys, one after the other.
struct KeyBatches {
    std::vector<uint64_t> keys;
    size_t batchCount;
    size_t batchSize;

    // Refuses a file that does not hold exactly so many keys.
    static KeyBatches read(const std::string &path, size_t batchCount, size_t batchSize);
};
