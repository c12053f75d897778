#pragma once

#include <stdexcept>
#include <string>

// Why a command cannot be obeyed; the program goes on with the next one.
struct Refusal : std::runtime_error {
    explicit Refusal(const std::string &why) : std::runtime_error(why) {}
};
