#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "keys.h"
#include "pages.h"
#include "rows.h"

// How a pass over batches went, a key.
struct Pass {
    double cpuNanoseconds;
    double wallNanoseconds;
    // The sum of the first floats of what was read or written.
    double checksum;
    size_t missing;
};

// How long a table took to make.
struct Making {
    double cpuSeconds;
    double wallSeconds;
    // Nanoseconds of the slowest row.
    int64_t worstInsert;
};

// Rows by key in one `absl::flat_hash_map`, grown key by key as those of a training run are.
//
// The map has the addresses of rows, which lie in one array in the order of their creation. Rows in
// the map's own slots would save a miss, but all of them would move whenever it grows, and their
// length would have to be known to the compiler. An address takes no more room in a slot than the
// number of a row, 16 bytes with the key, and saves the product with the stride.
class Table {
public:
    Table(size_t rowCount, RowLayout layout, uint64_t seed);
    ~Table();
    Table(const Table &) = delete;

    size_t dimension() const { return layout_.dimension; }
    const Making &making() const { return making_; }
    // Of the map, at its present size.
    size_t indexBytes() const;
    size_t rowBytes() const { return rowCount_ * layout_.stride; }

    // Copies the weights of each batch into a buffer.
    Pass pull(const KeyBatches &batches);
    // The same with one lookup after the other.
    Pass plain(const KeyBatches &batches);
    // The same as `plain`, with `std::unordered_map`; makes that first when there is none yet.
    Pass standard(const KeyBatches &batches);
    // AdaGrad with the same gradient for every row.
    Pass push(const KeyBatches &batches);

private:
    using Element = std::pair<const uint64_t, char *>;
    using Allocator = std::pmr::polymorphic_allocator<Element>;
    using Map = absl::flat_hash_map<uint64_t, char *, absl::Hash<uint64_t>, std::equal_to<uint64_t>,
                                    Allocator>;
    using StandardMap = std::pmr::unordered_map<uint64_t, char *>;

    void makeStandardMap();
    char *row(size_t number) const { return rows_ + number * layout_.stride; }

    size_t rowCount_;
    RowLayout layout_;
    uint64_t seed_;
    Making making_{};
    PageResource pages_;
    char *rows_;
    Map map_;
    std::optional<std::pmr::monotonic_buffer_resource> nodes_;
    std::optional<StandardMap> standardMap_;
    std::vector<float> output_;
    uint32_t now_ = 0;
};
