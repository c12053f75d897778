#pragma once

#include <cstddef>
#include <memory_resource>

// Memory of the system in huge pages, without which a lookup in a large table mostly waits for the
// page table. Blocks of less than a huge page come from the heap.
class PageResource final : public std::pmr::memory_resource {
public:
    static constexpr size_t hugePage = size_t{2} << 20;

private:
    // Throws std::bad_alloc when the system refuses.
    void *do_allocate(size_t byteCount, size_t alignment) override;
    void do_deallocate(void *block, size_t byteCount, size_t alignment) override;
    bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override {
        return this == &other;
    }
};
