#include "pages.h"

#include <cstdint>
#include <new>

#include <sys/mman.h>

namespace {

constexpr size_t page = PageResource::hugePage;

size_t wholePages(size_t byteCount) {
    return (byteCount + page - 1) / page * page;
}

// Maps one huge page too much and cuts off what lies before and behind the aligned part.
char *mapAligned(size_t byteCount) {
    void *start = mmap(nullptr, byteCount + page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) throw std::bad_alloc();
    char *bytes = static_cast<char *>(start);
    size_t lead = (page - reinterpret_cast<uintptr_t>(bytes) % page) % page;
    if (lead > 0) munmap(bytes, lead);
    munmap(bytes + lead + byteCount, page - lead);
    return bytes + lead;
}

}  // namespace

void *PageResource::do_allocate(size_t byteCount, size_t alignment) {
    if (byteCount < hugePage) return ::operator new(byteCount, std::align_val_t{alignment});
    char *block = mapAligned(wholePages(byteCount));
    // Advice only: a kernel without huge pages says no.
    madvise(block, wholePages(byteCount), MADV_HUGEPAGE);
    return block;
}

void PageResource::do_deallocate(void *block, size_t byteCount, size_t alignment) {
    if (byteCount < hugePage) return ::operator delete(block, std::align_val_t{alignment});
    munmap(block, wholePages(byteCount));
}
