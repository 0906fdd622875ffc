// One native operation of a plan: a function and its operands. Running a plan is calling these in a row.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "core/team.h"
#include "engine/operation.h"
#include "engine/program.h"
#include "isa/table/data.h"
#include "kernels/gemm.h"

namespace fastdnn {

enum class Space : std::uint8_t { none, arena, theta, gradient, sigma, output };

// Where a value lies: `offset` bytes into its space.
struct Operand {
  Space space = Space::none;
  Dtype dtype = Dtype::f32;
  Index offset = 0;  // of an output: its number
  Index rows = 0;    // 0: as many as the batch has
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
  std::byte* const* outputs = nullptr;      // the batch's first row of each
  std::byte* scratch = nullptr;             // this thread's
  double* results = nullptr;                // the sum over rows of each result
  Index n = 0;                              // rows of the batch
  std::uint64_t seed = 0;                   // of what is random
  std::uint32_t step = 0;                   // how many were done before
};

// Of which form a step's product is; it decides what is packed.
enum class Product : std::uint8_t { none, nn, nt, tn };

struct Step {
  std::string kind;      // for people
  std::vector<int> ops;  // of the program, in the order in which they were fused
  RunStep run = nullptr;
  std::vector<int> values;        // the operands as values of the plan, -1 for none
  int outputs = 1;                // the first operands, which are written
  std::vector<Operand> operands;  // where they lie, in the order that `run` says
  Product product = Product::none;
  Epilogue epilogue = Epilogue::none;
  bool accumulate = false;
  Options options{};
  bool relu = false;         // of a normalisation with one
  int in_place_output = -1;  // of `values`: an operand that may overwrite
  int in_place_input = -1;   // this one
  Index slot = -1;           // of a gathered or sparse source, or of a result
  int call = -1;             // of a step that leaves the engine (call.h) and has no `run`
  bool row_local = false;  // a thread's rows need only the same thread's rows of the steps since the barrier
  bool barrier_before = false;
  Index flops_per_row = 0;
  Index elements = 0;  // of a table that it goes over, whatever the rows

  bool writes(int value) const;
  bool touches(int value) const;  // reads or writes
};

// Steps that are no operation's.
extern const Runs kGather;  // operand: the batch's rows of a source of any type; ends the run if not finite
extern const Runs kGatherLabels;  // labels
extern const Runs kReduce;        // operands: row results; weights or none
extern const Runs kReduceFigure;  // operand: a figure's partial sums

}  // namespace fastdnn
