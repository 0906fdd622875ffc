// What the processor, and the operating system on it, can run.
#pragma once

#include <string>

namespace fastdnn {

struct CpuFeatures {
  bool avx2_fma = false;  // AVX2 and FMA3, with the registers saved by the system
  bool avx512 = false;    // AVX-512 F, BW, DQ, VL, likewise
};

const CpuFeatures& cpu_features();

// The processor's own name for itself, such as "AMD EPYC 9B45".
std::string cpu_name();

}  // namespace fastdnn
