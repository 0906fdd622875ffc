#include <pybind11/stl.h>

#include <memory>

#include "bindings/arrays.h"
#include "bindings/register.h"
#include "engine/plan.h"

namespace fastdnn::bindings {
namespace {

Role role_from(const std::string& name) {
  if (name == "source") return Role::source;
  if (name == "parameter") return Role::parameter;
  if (name == "gradient") return Role::gradient;
  if (name == "state") return Role::state;
  check(name == "computed", "Program", "expected a role, got '", name, "'");
  return Role::computed;
}

const char* name_of(Space space) {
  switch (space) {
    case Space::none:
      return "none";
    case Space::arena:
      return "arena";
    case Space::theta:
      return "theta";
    case Space::gradient:
      return "gradient";
    case Space::sigma:
      return "sigma";
    case Space::source:
      return "source";
    case Space::output:
      return "output";
  }
  return "none";
}

const char* name_of(Epilogue epilogue) {
  switch (epilogue) {
    case Epilogue::none:
      return "";
    case Epilogue::bias:
      return "bias";
    case Epilogue::bias_relu:
      return "bias + relu";
    case Epilogue::relu_mask:
      return "relu mask";
    case Epilogue::accumulate:
      return "accumulate";
  }
  return "";
}

py::dict describe_operand(const Operand& operand, int value) {
  py::dict row;
  row["value"] = value;
  row["space"] = name_of(operand.space);
  row["offset"] = operand.offset;
  row["rows"] = operand.rows;
  row["cols"] = operand.cols;
  row["item_bytes"] = size_of(operand.dtype);
  return row;
}

py::dict describe_step(const Plan& plan, const Step& step) {
  py::dict row;
  py::list ops;
  for (const int op : step.ops)
    ops.append(fastdnn::name_of(plan.program().ops()[static_cast<std::size_t>(op)].kind));
  py::list operands;
  for (std::size_t i = 0; i < step.values.size(); ++i)
    operands.append(describe_operand(step.operands[i], step.values[i]));
  row["kind"] = step.kind;
  row["ops"] = ops;
  row["operands"] = operands;
  row["outputs"] = step.outputs;
  row["epilogue"] = name_of(step.accumulate ? Epilogue::accumulate : step.epilogue);
  row["row_local"] = step.row_local;
  row["barrier_before"] = step.barrier_before;
  row["flops_per_row"] = step.flops_per_row;
  return row;
}

py::list describe(const Plan& plan) {
  py::list rows;
  for (const Step& step : plan.steps()) rows.append(describe_step(plan, step));
  return rows;
}

}  // namespace

void register_program(py::module_& m) {
  py::class_<Program>(m, "Program", "Unfused operations on typed values; made by fastdnn.program.")
      .def(py::init<>())
      .def(
          "value",
          [](Program& program, const std::string& name, const std::string& role, bool integer, Index rows,
             Index cols,
             int slot) { return program.add_value({name, role_from(role), integer, rows, cols, slot}); },
          py::arg("name"), py::arg("role"), py::arg("integer"), py::arg("rows"), py::arg("cols"),
          py::arg("slot"))
      .def(
          "op",
          [](Program& program, const std::string& kind, const std::vector<int>& inputs, int output,
             bool accumulate) { return program.add_op({op_kind(kind), inputs, output, accumulate}); },
          py::arg("kind"), py::arg("inputs"), py::arg("output"), py::arg("accumulate"))
      .def(
          "result",
          [](Program& program, const std::string& name, int value, int weights, bool loss) {
            return program.add_result({name, value, weights, loss});
          },
          py::arg("name"), py::arg("value"), py::arg("weights"), py::arg("loss"))
      .def("set_output", &Program::set_output, py::arg("value"));

  py::class_<Plan, std::shared_ptr<Plan>>(m, "Plan", "How a program runs natively.")
      .def(py::init([](const Program& program, const Parameters& parameters, Index max_batch, bool gather) {
             return std::make_shared<Plan>(program, parameters, max_batch,
                                           gather ? Plan::Feed::gather : Plan::Feed::in_place);
           }),
           py::arg("program"), py::arg("parameters"), py::arg("max_batch"), py::arg("gather"))
      .def_property_readonly("max_batch", &Plan::max_batch)
      .def_property_readonly("arena_bytes", &Plan::arena_bytes)
      .def_property_readonly("scratch_bytes", &Plan::scratch_bytes)
      .def("useful_threads", &Plan::useful_threads, py::arg("rows"))
      .def("describe", &describe, "A dictionary for each step.");
}

}  // namespace fastdnn::bindings
