#include "table.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "stopwatch.h"

namespace {

enum class Access { read, write };

// How many keys before its turn a key is looked up and its row prefetched, and how many before its
// turn its place in the map is. The best of 4 to 64 and of 1 to 64 more, for a million rows and for
// twenty, on an EPYC; on either side the curve is flat at first.
constexpr size_t rowAhead = 16;
constexpr size_t slotAhead(Access access) { return rowAhead + (access == Access::read ? 8 : 4); }

// Rows from one look at the thread's clock to the next while a table is made.
constexpr size_t markInterval = 256;

template <Access access>
inline void prefetchRow(const char *row, size_t byteCount) {
    for (size_t offset = 0; offset < byteCount; offset += RowLayout::cacheLine)
        __builtin_prefetch(row + offset, access == Access::write, 3);
}

template <class AnyMap>
inline char *find(const AnyMap &map, uint64_t key) {
    auto position = map.find(key);
    return position == map.end() ? nullptr : position->second;
}

// Calls `body` with the position of each key of a batch and its row, or null.
template <class AnyMap, class Body>
inline void forEach(const AnyMap &map, const uint64_t *keys, size_t count, Body body) {
    for (size_t i = 0; i < count; i++) body(i, find(map, keys[i]));
}

// The same as a pipeline of three stages: prefetch the slot, look up and prefetch `byteCount` bytes
// of the row, use the row.
template <Access access, class AnyMap, class Body>
inline void forEachAhead(const AnyMap &map, const uint64_t *keys, size_t count, size_t byteCount,
                         Body body) {
    constexpr size_t lead = slotAhead(access);
    std::array<char *, rowAhead> rows;
    for (size_t i = 0; i < count + lead; i++) {
        if (i < count) map.prefetch(keys[i]);
        // Before its place in the ring is taken again.
        if (i >= lead) body(i - lead, rows[(i - lead) % rowAhead]);
        // Beyond all keys at first, too, when it wraps around.
        size_t next = i - (lead - rowAhead);
        if (next >= count) continue;
        char *row = find(map, keys[next]);
        if (row) prefetchRow<access>(row, byteCount);
        rows[next % rowAhead] = row;
    }
}

// What the rows of some keys came to.
struct Tally {
    double checksum = 0;
    size_t missing = 0;
};

// Times `batch`, which is given the keys of one batch after the other.
template <class Batch>
Pass measure(const KeyBatches &batches, Batch batch) {
    Tally total;
    Stopwatch watch;
    for (size_t b = 0; b < batches.batchCount; b++) {
        Tally tally = batch(batches.keys.data() + b * batches.batchSize);
        total.checksum += tally.checksum;
        total.missing += tally.missing;
    }
    auto [cpu, wall] = std::pair(watch.cpu(), watch.wall());
    double keyCount = double(batches.keys.size());
    return Pass{double(cpu) / keyCount, double(wall) / keyCount, total.checksum, total.missing};
}

// Copies weights to `output`, as they are visited by `visit(body)`.
template <class Visit>
inline Tally copyWeights(const RowLayout &layout, float *output, Visit visit) {
    Tally tally;
    visit([&](size_t position, char *row) {
        if (!row) {
            tally.missing++;
            return;
        }
        float *target = output + position * layout.dimension;
        memcpy(target, weightOf(row), layout.weightBytes());
        tally.checksum += double(target[0]);
    });
    return tally;
}

}  // namespace

Table::Table(size_t rowCount, RowLayout layout, uint64_t seed)
    : rowCount_(rowCount),
      layout_(layout),
      seed_(seed),
      rows_(static_cast<char *>(pages_.allocate(rowBytes(), RowLayout::cacheLine))),
      map_(Allocator(&pages_)) {
    Stopwatch watch;
    int64_t last = watch.wall();
    int64_t mark = watch.cpu();
    for (size_t i = 0; i < rowCount_; i++) {
        // The clock of the thread is a system call, too slow for every row.
        if (i % markInterval == 0) mark = watch.cpu();
        uint64_t key = keyOfRow(i, seed_);
        initialise(row(i), layout_, key);
        map_.emplace(key, row(i));
        int64_t now = watch.wall();
        // No more than the thread has run since the mark, so that its waits for a processor, which
        // are much longer than what it runs between two marks, do not count.
        if (now - last > making_.worstInsert)
            making_.worstInsert =
                std::max(making_.worstInsert, std::min(now - last, watch.cpu() - mark));
        last = now;
    }
    making_.cpuSeconds = double(watch.cpu()) / 1e9;
    making_.wallSeconds = double(watch.wall()) / 1e9;
}

Table::~Table() { pages_.deallocate(rows_, rowBytes(), RowLayout::cacheLine); }

// A control byte and a slot for each place.
size_t Table::indexBytes() const { return map_.capacity() * (sizeof(Map::value_type) + 1); }

Pass Table::pull(const KeyBatches &batches) {
    output_.resize(batches.batchSize * layout_.dimension);
    return measure(batches, [&](const uint64_t *keys) {
        return copyWeights(layout_, output_.data(), [&](auto body) {
            forEachAhead<Access::read>(map_, keys, batches.batchSize, layout_.pullBytes(), body);
        });
    });
}

Pass Table::plain(const KeyBatches &batches) {
    output_.resize(batches.batchSize * layout_.dimension);
    return measure(batches, [&](const uint64_t *keys) {
        return copyWeights(layout_, output_.data(), [&](auto body) {
            forEach(map_, keys, batches.batchSize, body);
        });
    });
}

Pass Table::standard(const KeyBatches &batches) {
    makeStandardMap();
    output_.resize(batches.batchSize * layout_.dimension);
    return measure(batches, [&](const uint64_t *keys) {
        return copyWeights(layout_, output_.data(), [&](auto body) {
            forEach(*standardMap_, keys, batches.batchSize, body);
        });
    });
}

Pass Table::push(const KeyBatches &batches) {
    std::vector<float> gradient(batches.batchSize * layout_.dimension, 0.01f);
    return measure(batches, [&](const uint64_t *keys) {
        now_++;
        Tally tally;
        auto body = [&](size_t position, char *row) {
            if (!row) {
                tally.missing++;
                return;
            }
            adagrad(row, layout_, gradient.data() + position * layout_.dimension, now_);
            tally.checksum += double(weightOf(row)[0]);
        };
        forEachAhead<Access::write>(map_, keys, batches.batchSize, layout_.usedBytes(), body);
        return tally;
    });
}

void Table::makeStandardMap() {
    if (standardMap_) return;
    // Nodes one behind the other in huge pages: as good as this map can be had.
    nodes_.emplace(PageResource::hugePage, &pages_);
    standardMap_.emplace(&*nodes_);
    for (size_t i = 0; i < rowCount_; i++) standardMap_->emplace(keyOfRow(i, seed_), row(i));
}
