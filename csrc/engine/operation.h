// What programs are made of: one entry for each operation, in a table for each family (operations/*.cpp). An
// entry is all that the engine needs to know of an operation; a new one is a line there, its reference in
// fastdnn/reference/operations.py, and, if a gradient flows through it, a rule in fastdnn/autodiff.py.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/view.h"

namespace fastdnn {

class Team;
struct Step;
struct StepContext;

// Runs a step of a plan, by all threads of a team.
using RunStep = void (*)(const Step& step, const StepContext& context, Team& team);

// The same for float and for double.
struct Runs {
  RunStep f32 = nullptr;
  RunStep f64 = nullptr;
  RunStep of(Dtype dtype) const { return dtype == Dtype::f64 ? f64 : f32; }
  explicit operator bool() const { return f32 != nullptr; }
};

constexpr std::size_t kMostOptions = 5;
using Options = std::array<double, kMostOptions>;  // in the order of the operation's `options`

// Sizes by capital letter, 0 where a specification has none.
class Sizes {
 public:
  Index& operator[](char letter) { return sizes_[static_cast<std::size_t>(letter - 'A')]; }
  Index operator[](char letter) const { return sizes_[static_cast<std::size_t>(letter - 'A')]; }

 private:
  std::array<Index, 26> sizes_{};
};

struct Operation {
  // Shapes by letters, rows and columns: a capital is a size of its own, `n` the batch, `1` one. Then `i` for
  // integers, `s` for a sparse source and `?` for an input that may be left out.
  using Shapes = std::vector<const char*>;

  const char* name = "";
  Shapes inputs{};
  Shapes outputs{};
  Runs run{};  // operands: outputs, then inputs. None where it is only part of another one's pass
  // Numbers that it needs beside its inputs: "rate"; or names for 0, 1, ...: "outputs=mean|sum".
  std::vector<const char*> options{};
  bool row_local = false;       // a row of the outputs needs only the same row of the inputs
  bool accumulates = false;     // can add to what its outputs hold
  bool updates_state = false;   // its outputs are states, written with the parameters when the step is kept
  int in_place = -1;            // the input that the first output may overwrite
  bool is_loss = false;         // a loss of each row, which a gradient may join
  bool is_figure = false;       // its output is a number of the step, which only results read
  const char* joins = nullptr;  // the loss whose pass computes this gradient, too
  Index (*scratch_bytes)(const Step& step, Index max_batch) = nullptr;  // of a thread, if it needs any
  bool calls = false;  // code outside of the engine (call.h): inputs and outputs of any number and shape
  // A phase before, over chunks of rows: operands partial, then inputs; `run` then has partial before the inputs.
  Runs first{};
  // What else is wrong with these sizes, or "".
  std::string (*misfit)(const Sizes& sizes, const Options& options) = nullptr;

  bool is(const char* other) const;

  // Entries read as: Operation{name, inputs, outputs, run}.rows().in_place_of(0).
  Operation rows() && { return row_local = true, std::move(*this); }
  Operation adds() && { return accumulates = true, std::move(*this); }
  Operation in_place_of(int input) && { return in_place = input, std::move(*this); }
  Operation with_options(std::vector<const char*> names) && {
    return options = std::move(names), std::move(*this);
  }
  Operation after(Runs partials) && { return first = partials, std::move(*this); }
  Operation in_pass_of(const char* forward) && { return joins = forward, std::move(*this); }
  Operation as_loss() && { return is_loss = true, std::move(*this); }
  Operation as_figure() && { return is_figure = true, std::move(*this); }
  Operation with_scratch(Index (*bytes)(const Step&, Index)) && {
    return scratch_bytes = bytes, std::move(*this);
  }
  Operation called() && { return calls = true, std::move(*this); }
  Operation to_state() && { return updates_state = true, std::move(*this); }
  Operation unless(std::string (*refuses)(const Sizes&, const Options&)) && {
    return misfit = refuses, std::move(*this);
  }
};

// Throws InputError where there is none.
const Operation& operation_named(const std::string& name);

// The families.
std::vector<Operation> dense_operations();
std::vector<Operation> activation_operations();
std::vector<Operation> normalization_operations();
std::vector<Operation> loss_operations();
std::vector<Operation> row_operations();
std::vector<Operation> table_operations();
std::vector<Operation> sparse_operations();
std::vector<Operation> call_operations();
std::vector<Operation> penalty_operations();

// An option's number: itself, or its name's place in "outputs=mean|sum".
double option_number(const char* option, const std::string& name);
// The name of an option without its values.
std::string option_name(const char* option);

}  // namespace fastdnn
