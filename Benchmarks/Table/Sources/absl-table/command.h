#pragma once

#include <cstdint>
#include <string>
#include <vector>

// A line of standard input, in words.
class Command {
public:
    static constexpr size_t lineBytesMax = 4096;

    explicit Command(const std::string &line);

    // Empty for an empty line.
    const std::string &name() const { return words_[0]; }
    // Refuses any other number of words behind the name; `usage` says which there are.
    void expect(size_t count, const char *usage) const;
    const std::string &text(size_t index) const { return words_[index]; }
    // Refuses what is not a number in these bounds.
    uint64_t number(size_t index, const char *what, uint64_t least, uint64_t most) const;

private:
    std::vector<std::string> words_;
};
