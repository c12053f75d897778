// A table in C++ that is driven over pipes: a command a line on standard input, an answer a line on
// standard output, in JSON; `{"error": ...}` says why a command was not obeyed.
//
//     table ROWS DIMENSION STRIDE SEED    makes a table in place of the one before
//     pull FILE BATCHES BATCH             copies weights, with prefetching
//     plain FILE BATCHES BATCH            without
//     std FILE BATCHES BATCH              without, by std::unordered_map
//     push FILE BATCHES BATCH             applies AdaGrad, with prefetching
//     quit                                so does the end of input
//
// STRIDE is in bytes; FILE holds BATCHES times BATCH keys, 64-bit numbers as they lie in memory.

#include <cstdio>
#include <fstream>
#include <memory>
#include <new>
#include <string>

#include "command.h"
#include "keys.h"
#include "refusal.h"
#include "table.h"

namespace {

constexpr uint64_t rowsMax = 1'000'000'000;
constexpr uint64_t dimensionMax = 4096;
constexpr uint64_t strideMax = 1 << 20;
// 1 GiB of keys.
constexpr uint64_t keysMax = uint64_t{1} << 27;

// 1 GiB of weights.
constexpr uint64_t batchFloatsMax = uint64_t{1} << 28;

// What the system could give without swapping, in bytes.
size_t availableMemory() {
    std::ifstream file("/proc/meminfo");
    size_t kibibytes = 0;
    for (std::string name; file >> name;)
        if (name == "MemAvailable:" && file >> kibibytes) break;
    return kibibytes << 10;
}

// Memory is touched as rows are made: what does not fit would end the process, not the command.
void refuseBeyondMemory(size_t rowCount, size_t stride) {
    size_t available = availableMemory();
    // Of the map a row has at most 2.3 places of 17 bytes, and half as many while it grows.
    size_t needed = rowCount * (stride + 64);
    if (needed > available)
        throw Refusal("a table of " + std::to_string(rowCount) + " rows needs " +
                      std::to_string(needed >> 20) + " MiB; " + std::to_string(available >> 20) +
                      " MiB are available");
}

std::unique_ptr<Table> makeTable(const Command &command) {
    command.expect(4, "table ROWS DIMENSION STRIDE SEED");
    size_t rowCount = command.number(1, "ROWS", 1, rowsMax);
    RowLayout layout{command.number(2, "DIMENSION", 1, dimensionMax), 0};
    layout.stride = command.number(3, "STRIDE", layout.usedBytes(), strideMax);
    if (layout.stride % alignof(RowHeader) != 0)
        throw Refusal("STRIDE is not a multiple of 8, which rows are aligned to");
    uint64_t seed = command.number(4, "SEED", 0, UINT64_MAX);
    refuseBeyondMemory(rowCount, layout.stride);
    return std::make_unique<Table>(rowCount, layout, seed);
}

void say(const Table &table) {
    const Making &making = table.making();
    printf("{\"cpuSeconds\": %.6f, \"wallSeconds\": %.6f, \"worstInsertNanoseconds\": %lld, "
           "\"indexBytes\": %zu, \"rowBytes\": %zu}\n",
           making.cpuSeconds, making.wallSeconds, static_cast<long long>(making.worstInsert),
           table.indexBytes(), table.rowBytes());
}

void say(const Pass &pass) {
    printf("{\"cpuNanoseconds\": %.3f, \"wallNanoseconds\": %.3f, \"checksum\": %.17g, "
           "\"missing\": %zu}\n",
           pass.cpuNanoseconds, pass.wallNanoseconds, pass.checksum, pass.missing);
}

void say(const std::string &error) {
    std::string text;
    for (char c : error) {
        // Control characters, which only a strange file name has, are no JSON.
        if (c == '"' || c == '\\') text += '\\';
        text += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
    printf("{\"error\": \"%s\"}\n", text.c_str());
}

class Session {
public:
    // False: it was the last command.
    bool obey(const Command &command) {
        const std::string &name = command.name();
        if (name == "quit") return false;
        if (name == "table") {
            // Two would hardly fit.
            table_.reset();
            table_ = makeTable(command);
            say(*table_);
        } else if (name == "pull") {
            pass(command, &Table::pull);
        } else if (name == "plain") {
            pass(command, &Table::plain);
        } else if (name == "std") {
            pass(command, &Table::standard);
        } else if (name == "push") {
            pass(command, &Table::push);
        } else {
            throw Refusal("there is no command '" + name +
                          "'; expected table, pull, plain, std, push or quit");
        }
        return true;
    }

private:
    void pass(const Command &command, Pass (Table::*measure)(const KeyBatches &)) {
        command.expect(3, "FILE BATCHES BATCH");
        uint64_t batchCount = command.number(2, "BATCHES", 1, keysMax);
        uint64_t batchSize = command.number(3, "BATCH", 1, keysMax / batchCount);
        if (!table_) throw Refusal("there is no table yet; make one with 'table'");
        if (batchSize > batchFloatsMax / table_->dimension())
            throw Refusal("BATCH is '" + command.text(3) + "'; the weights of a batch are limited " +
                          "to " + std::to_string(batchFloatsMax) + " numbers");
        say(((*table_).*measure)(KeyBatches::read(command.text(1), batchCount, batchSize)));
    }

    std::unique_ptr<Table> table_;
};

// False at the end of input.
bool readLine(std::string &line) {
    line.clear();
    for (int c; (c = getchar()) != EOF;) {
        if (c == '\n') return true;
        // What is too long is read to its end and refused.
        if (line.size() <= Command::lineBytesMax) line += char(c);
    }
    return false;
}

}  // namespace

int main() {
    Session session;
    std::string line;
    for (bool isOpen = true; isOpen && readLine(line);) {
        try {
            if (line.size() > Command::lineBytesMax) throw Refusal("the line is too long");
            isOpen = session.obey(Command(line));
        } catch (const Refusal &refusal) {
            say(std::string(refusal.what()));
        } catch (const std::bad_alloc &) {
            say(std::string("the system has no memory for that"));
        }
        fflush(stdout);
    }
    return 0;
}
