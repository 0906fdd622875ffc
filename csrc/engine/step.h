// One native operation of a plan: a function and its operands. Running a plan is calling these in a row.
#pragma once

#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "core/team.h"
#include "engine/program.h"
#include "isa/table/data.h"
#include "kernels/gemm.h"

namespace fastdnn {

enum class Space : std::uint8_t { none, arena, theta, gradient, sigma, source, output };

// Where a value lies: `offset` bytes into its space; for a source, `offset` is its index.
struct Operand {
  Space space = Space::none;
  Dtype dtype = Dtype::f32;
  Index offset = 0;
  Index rows = 0;  // 0: as many as the batch has
  Index cols = 0;
};

// What a step needs to know of this batch and this thread.
struct StepContext {
  std::byte* arena = nullptr;
  std::byte* theta = nullptr;
  std::byte* gradient = nullptr;
  std::byte* sigma = nullptr;
  const Source* sources = nullptr;          // by slot
  const std::int32_t* order = nullptr;      // the batch's rows in the sources
  std::atomic<bool>* non_finite = nullptr;  // set where a gathered number is NaN or infinite
  std::byte* output = nullptr;              // of a prediction, the batch's first row
  std::byte* scratch = nullptr;             // this thread's
  double* results = nullptr;                // the sum over rows of each result
  Index n = 0;                              // rows of the batch
};

struct Step {
  using Run = void (*)(const Step& step, const StepContext& context, Team& team);

  std::string kind;      // for people
  std::vector<int> ops;  // of the program, in the order in which they were fused
  Run run = nullptr;
  std::vector<int> values;          // the operands as values of the program, -1 for none
  int outputs = 1;                  // the first operands, which are written
  std::array<Operand, 6> operands;  // where they lie, in the order that `run` says
  Epilogue epilogue = Epilogue::none;
  bool accumulate = false;
  Index slot = -1;         // of a gathered source, or of a result
  bool row_local = false;  // a thread's rows need only the same thread's rows of the steps since the barrier
  bool barrier_before = false;
  Index flops_per_row = 0;

  bool writes(int value) const;
  bool touches(int value) const;  // reads or writes
};

// The functions a plan binds, by element type.
struct StepFunctions {
  Step::Run gather, gather_labels, reduce;
  Step::Run gemm_nn, gemm_nt, gemm_tn, column_sum;
  Step::Run add_bias, relu, relu_backward, pass_gradient, normalize, normalize_backward, softmax,
      softmax_backward;
  Step::Run sparse_cross_entropy, categorical_cross_entropy, squared_error, sparse_accuracy,
      categorical_accuracy;
};

const StepFunctions& step_functions(Dtype dtype);

}  // namespace fastdnn
