#include "command.h"

#include <charconv>
#include <sstream>

#include "refusal.h"

Command::Command(const std::string &line) {
    std::istringstream stream(line);
    for (std::string word; stream >> word;) words_.push_back(word);
    if (words_.empty()) words_.emplace_back();
}

void Command::expect(size_t count, const char *usage) const {
    if (words_.size() != count + 1)
        throw Refusal(name() + " has " + std::to_string(words_.size() - 1) +
                      " words behind it; expected: " + usage);
}

uint64_t Command::number(size_t index, const char *what, uint64_t least, uint64_t most) const {
    const std::string &word = words_[index];
    uint64_t number = 0;
    auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size() || number < least || number > most)
        throw Refusal(std::string(what) + " is '" + word + "'; expected a number from " +
                      std::to_string(least) + " to " + std::to_string(most));
    return number;
}
