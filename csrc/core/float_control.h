// How the processor treats denormal numbers: IEEE by default; flushed to zero inside the regions of a team,
// where the process asked for it.
#pragma once

#include <cstdint>

namespace fastdnn {

// Whether this build knows how to ask this processor for it (x86-64 and 64-bit ARM).
bool can_flush_denormal();
// The process-wide setting, off at first. Read once for each region.
void set_flush_denormal(bool on);
bool flush_denormal();

// While it lives and `on`, denormal operands and results of this thread are zero. The control word is then as
// it was before; the bits that say what has happened (inexact, ...) stay.
class DenormalScope {
 public:
  explicit DenormalScope(bool on);
  ~DenormalScope();
  DenormalScope(const DenormalScope&) = delete;
  DenormalScope& operator=(const DenormalScope&) = delete;

 private:
  bool on_;
  std::uint64_t before_ = 0;
};

// This thread's control word: rounding, denormals, traps; without the status bits. 0 where it is not known.
std::uint64_t float_control();

}  // namespace fastdnn
