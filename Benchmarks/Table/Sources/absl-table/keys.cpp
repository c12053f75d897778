#include "keys.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <sys/stat.h>

#include "refusal.h"

KeyBatches KeyBatches::read(const std::string &path, size_t batchCount, size_t batchSize) {
    std::unique_ptr<FILE, int (*)(FILE *)> file(fopen(path.c_str(), "rb"), fclose);
    if (!file) throw Refusal("cannot read " + path + ": " + strerror(errno));
    size_t count = batchCount * batchSize;
    struct stat status;
    if (fstat(fileno(file.get()), &status) != 0 || !S_ISREG(status.st_mode) ||
        size_t(status.st_size) != count * sizeof(uint64_t))
        throw Refusal(path + " is not a file of " + std::to_string(batchCount) + " times " +
                      std::to_string(batchSize) + " keys of 8 bytes");
    KeyBatches batches{std::vector<uint64_t>(count), batchCount, batchSize};
    if (fread(batches.keys.data(), sizeof(uint64_t), count, file.get()) != count)
        throw Refusal("cannot read all of " + path);
    return batches;
}
