// Errors of bad input. They are thrown by checking layers only, before a parallel region is entered,
// and read `[where] expected ..., got ...; hint`.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

#include "core/view.h"

namespace fastdnn {

// The caller passed something the library cannot use; becomes ValueError in Python.
class InputError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

template <class... Parts>
[[noreturn]] void fail(const char* where, const Parts&... parts) {
  std::ostringstream message;
  message << '[' << where << "] ";
  (message << ... << parts);
  throw InputError(message.str());
}

// The message parts are only put together when the check fails.
template <class... Parts>
void check(bool ok, const char* where, const Parts&... parts) {
  if (!ok) fail(where, parts...);
}

// Product of two sizes, refused when negative or beyond 2^62 bytes-worth of elements.
inline Index checked_mul(Index a, Index b, const char* where) {
  Index product = 0;
  check(a >= 0 && b >= 0, where, "expected sizes >= 0, got ", a, " x ", b);
  check(!__builtin_mul_overflow(a, b, &product) && product <= (Index{1} << 59), where,
        "expected a size below 2^59 elements, got ", a, " x ", b, "; use a smaller layer or batch");
  return product;
}

}  // namespace fastdnn
