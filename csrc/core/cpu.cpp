#include "core/cpu.h"

#include <array>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace fastdnn {

#if defined(__x86_64__)
namespace {

struct Registers {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

bool bit(std::uint32_t word, int position) {
  return ((word >> position) & 1U) != 0;
}

// Which register files the operating system saves.
// The instruction is written out, so that this file needs no flags.
std::uint64_t saved_state() {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32U) | low;
}

CpuFeatures detect() {
  CpuFeatures found;
  const Registers basic = cpuid(1);
  const bool osxsave = bit(basic.ecx, 27);
  if (!osxsave) return found;
  const std::uint64_t saved = saved_state();
  const Registers extended = cpuid(7);
  constexpr std::uint64_t kYmm = 0x06;  // xmm, upper halves of ymm
  constexpr std::uint64_t kZmm = 0xe6;  // and mask registers, upper halves of zmm, zmm16-31
  found.avx2_fma = (saved & kYmm) == kYmm && bit(basic.ecx, 12) && bit(basic.ecx, 28) && bit(extended.ebx, 5);
  found.avx512 = found.avx2_fma && (saved & kZmm) == kZmm && bit(extended.ebx, 16) && bit(extended.ebx, 17) &&
                 bit(extended.ebx, 30) && bit(extended.ebx, 31);
  return found;
}

}  // namespace

std::string cpu_name() {
  std::array<char, 49> text{};
  for (std::uint32_t i = 0; i < 3; ++i) {
    const Registers r = cpuid(0x80000002U + i);
    std::memcpy(text.data() + 16 * i, &r, 16);
  }
  const std::string name(text.data());
  const std::size_t first = name.find_first_not_of(' ');
  const std::size_t last = name.find_last_not_of(' ');
  return first == std::string::npos ? "x86-64" : name.substr(first, last - first + 1);
}
#else
namespace {
CpuFeatures detect() {
  return {};
}
}  // namespace

std::string cpu_name() {
  return "unknown";
}
#endif

const CpuFeatures& cpu_features() {
  static const CpuFeatures found = detect();
  return found;
}

}  // namespace fastdnn
