/* SPDX-License-Identifier: MIT */
/* What calls may cost, counted by the machine. Reading a counter is an exit of this level, never one of the monitor's. */
#define GUEST_AREA "09"
#include "abi/svsm.h"
#include "tests/guest/cpu.h"
#include "tests/guest/machine.h"
#include "tests/guest/svsm.h"
#include "tests/guest/test.h"
#include "tests/services/probe/probe.h"

#define TIMED_CALLS 1000u
#define SERVICE_CALLS_MAX 5000u

struct counters {
	uint32_t all, switches, vmpl0;
};

static struct counters read_counters(void)
{
	return (struct counters){ machine_device(NUTSHELL_PORT_EXITS_ALL), machine_device(NUTSHELL_PORT_SWITCHES),
				  machine_device(NUTSHELL_PORT_EXITS_VMPL0) };
}

static struct counters difference(struct counters before, struct counters after)
{
	return (struct counters){ after.all - before.all, after.switches - before.switches,
				  after.vmpl0 - before.vmpl0 };
}

/* Counts of what the function does, without those of reading the counters. */
static struct counters cost_of(uint64_t (*work)(void), uint64_t expected)
{
	struct counters start = read_counters(), middle = read_counters(), end;
	struct counters overhead = difference(start, middle), cost;

	CHECK_EQ(work(), expected);
	end = read_counters();
	cost = difference(middle, end);
	cost.all -= overhead.all;
	cost.switches -= overhead.switches;
	cost.vmpl0 -= overhead.vmpl0;
	return cost;
}

static uint64_t call_nothing(void)
{
	return svsm_core(SVSM_CORE_QUERY_PROTOCOL, 1, 0, 0);
}

static void check_nothing(enum svsm_way way, const char *name_switches, const char *name_exits, const char *name_all)
{
	struct counters cost;

	svsm_way = way;
	cost = cost_of(call_nothing, SVSM_SUCCESS);
	svsm_way = SVSM_WAY_BOTH;
	test_bench(name_switches, cost.switches, "switches");
	test_bench(name_exits, cost.vmpl0, "exits");
	test_bench(name_all, cost.all, "exits");
	/* One switch there and one back; the way back is the monitor's only exit. */
	CHECK_EQ(cost.switches, 2);
	CHECK_EQ(cost.vmpl0, 1);
}

TEST(call_by_msr_protocol_costs_two_switches)
{
	check_nothing(SVSM_WAY_MSR, "core_call_msr_switches", "core_call_msr_vmpl0_exits", "core_call_msr_all_exits");
}

TEST(call_by_ghcb_page_costs_two_switches)
{
	check_nothing(SVSM_WAY_GHCB, "core_call_ghcb_switches", "core_call_ghcb_vmpl0_exits",
		      "core_call_ghcb_all_exits");
}

static uint64_t call_service(void)
{
	struct svsm_args args = { .rcx = PROBE_ECHO, .r8 = 5 };

	return svsm_call(PROBE_PROTOCOL, 0, &args);
}

/*
 * A call that a service answers. When the timer's last slice is over the monitor arms it anew, or a slice ends during
 * the call: what a call costs otherwise is the least of several. On a busy machine below, most calls meet the timer.
 */
TEST(call_of_a_service_costs_two_switches)
{
	struct counters least = { ~0u, ~0u, ~0u };

	svsm_way = SVSM_WAY_GHCB;
	for (uint32_t i = 0; i < SERVICE_CALLS_MAX && (i < 50 || least.vmpl0 > 1); i++) {
		struct counters start = read_counters(), middle = read_counters(), end, cost;
		uint64_t result = call_service();

		end = read_counters();
		cost = difference(middle, end);
		if (result == SVSM_SUCCESS && cost.vmpl0 < least.vmpl0)
			least = cost;
		least.all = least.all < cost.all - (middle.all - start.all) ? least.all : cost.all - (middle.all - start.all);
		if (result != SVSM_SUCCESS)
			CHECK_EQ(result, SVSM_ERR_INCOMPLETE);
	}
	svsm_way = SVSM_WAY_BOTH;
	test_bench("service_call_switches", least.switches, "switches");
	test_bench("service_call_vmpl0_exits", least.vmpl0, "exits");
	CHECK_EQ(least.switches, 2);
	CHECK_EQ(least.vmpl0, 1);
}

static uint64_t list_block, list_flags;

static uint64_t run_full_list(void)
{
	static uint64_t entries[SVSM_PVALIDATE_MAX_IN_CAA];
	uint16_t next = 0;

	for (uint32_t i = 0; i < SVSM_PVALIDATE_MAX_IN_CAA; i++)
		entries[i] = (list_block + i * PAGE_SIZE) | list_flags;
	return svsm_list(svsm_list_place(), entries, SVSM_PVALIDATE_MAX_IN_CAA, &next);
}

static void check_list(uint64_t flags, const char *name)
{
	struct counters cost;

	list_flags = flags;
	cost = cost_of(run_full_list, SVSM_SUCCESS);
	test_bench(name, cost.switches / 2, "calls");
	CHECK_EQ(cost.switches, 2);
	CHECK_EQ(cost.vmpl0, 1);
}

TEST(full_list_costs_one_call)
{
	list_block = block_take(false);
	check_list(ENTRY_VALIDATE, "validate_510_pages");
	check_list(ENTRY_RESCIND, "rescind_510_pages");
	block_return(list_block);
}

static uint64_t large_block;

static uint64_t validate_large(void)
{
	return svsm_entry(large_block | ENTRY_2M | ENTRY_VALIDATE);
}

TEST(large_page_costs_one_call)
{
	struct counters cost;

	large_block = block_take(true);
	cost = cost_of(validate_large, SVSM_SUCCESS);
	CHECK_EQ(cost.switches, 2);
	CHECK_EQ(cost.vmpl0, 1);
	block_return(large_block);
}

TEST(time_of_a_call)
{
	uint64_t start = cpu_timestamp(), end;

	for (uint32_t i = 0; i < TIMED_CALLS; i++)
		CHECK_EQ(call_nothing(), SVSM_SUCCESS);
	end = cpu_timestamp();
	test_bench("core_call_time", (end - start) / TIMED_CALLS, "ticks");
}
