/* SPDX-License-Identifier: MIT */
/* The way a call is made, QUERY_PROTOCOL, CONFIGURE_VTOM, and calls and protocols that do not exist. */
#define GUEST_AREA "02"
#include "abi/ghcb.h"
#include "lib/string.h"
#include "tests/guest/ghcb.h"
#include "tests/guest/machine.h"
#include "tests/guest/svsm.h"
#include "tests/guest/test.h"

#define LIMITS(maximum, minimum) ((uint64_t)(maximum) << 32 | (minimum))

static uint64_t query(uint32_t protocol, uint32_t version)
{
	struct svsm_args args = { .rcx = (uint64_t)protocol << 32 | version, .rdx = 2, .r8 = 3, .r9 = 4 };

	CHECK_EQ(svsm_call(SVSM_PROTOCOL_CORE, SVSM_CORE_QUERY_PROTOCOL, &args), SVSM_SUCCESS);
	CHECK_EQ(args.rdx, 2);
	CHECK_EQ(args.r8, 3);
	return args.rcx;
}

TEST(query_by_msr_protocol)
{
	svsm_way = SVSM_WAY_MSR;
	CHECK_EQ(query(SVSM_PROTOCOL_CORE, 1), LIMITS(1, 1));
	svsm_way = SVSM_WAY_BOTH;
}

TEST(query_by_ghcb_page)
{
	svsm_way = SVSM_WAY_GHCB;
	CHECK_EQ(query(SVSM_PROTOCOL_CORE, 1), LIMITS(1, 1));
	svsm_way = SVSM_WAY_BOTH;
}

TEST(query_of_other_core_versions)
{
	static const uint32_t version[] = { 0, 2, 3, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF };

	for (uint32_t i = 0; i < ARRAY_SIZE(version); i++)
		CHECK_EQ_FOR(query(SVSM_PROTOCOL_CORE, version[i]), 0, version[i]);
}

/* A protocol is either offered in some version, or answers no call at all. */
TEST(query_agrees_with_the_calls)
{
	static const uint32_t protocol[] = { 1, 2, 3, 4, 5, 6, 0xFF, 0x1000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF };

	for (uint32_t i = 0; i < ARRAY_SIZE(protocol); i++) {
		struct svsm_args args = { .rcx = 0 };
		bool offered = query(protocol[i], 1) != 0;
		uint64_t result = svsm_call(protocol[i], 0xFFFFFFFF, &args);

		CHECK_EQ_FOR(result, offered ? SVSM_ERR_UNSUPPORTED_CALL : SVSM_ERR_UNSUPPORTED_PROTOCOL, protocol[i]);
		CHECK_EQ_FOR(query(protocol[i], 0), 0, protocol[i]);
		CHECK_EQ_FOR(query(protocol[i], 0xFFFFFFFF), 0, protocol[i]);
	}
	CHECK_EQ(query(SVSM_PROTOCOL_UEFI_MM + 1u, 1), 0);
	CHECK_EQ(query(0xFFFFFFFF, 1), 0);
}

TEST(deposit_and_withdraw_are_not_offered)
{
	CHECK_EQ(svsm_core(SVSM_CORE_DEPOSIT_MEM, svsm_list_place(), 0, 0), SVSM_ERR_UNSUPPORTED_CALL);
	CHECK_EQ(svsm_core(SVSM_CORE_WITHDRAW_MEM, svsm_list_place(), 0, 0), SVSM_ERR_UNSUPPORTED_CALL);
	CHECK_EQ(svsm_calling_area()->mem_available, 0);
}

TEST(unknown_core_calls)
{
	static const uint32_t number[] = { 8, 9, 0x10, 0x100, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF };

	for (uint32_t i = 0; i < ARRAY_SIZE(number); i++)
		CHECK_EQ_FOR(svsm_core(number[i], 1, 2, 3), SVSM_ERR_UNSUPPORTED_CALL, number[i]);
}

TEST(configure_vtom_only_answers_the_query)
{
	static const uint64_t configure[] = { 0, 2, 4, 0x100, 0xFFFFFFFFFFFFFFFEull };
	static const uint64_t ask[] = { 1, 3, ~0ull };

	for (uint32_t i = 0; i < ARRAY_SIZE(configure); i++)
		CHECK_EQ_FOR(svsm_core(SVSM_CORE_CONFIGURE_VTOM, configure[i], 0, 0), SVSM_ERR_INVALID_REQUEST,
			     configure[i]);
	for (uint32_t i = 0; i < ARRAY_SIZE(ask); i++) {
		struct svsm_args args = { .rcx = ask[i], .rdx = 5, .r8 = 6 };

		CHECK_EQ_FOR(svsm_call(SVSM_PROTOCOL_CORE, SVSM_CORE_CONFIGURE_VTOM, &args), SVSM_SUCCESS, ask[i]);
		CHECK_EQ_FOR(args.rcx, 0, ask[i]);
		CHECK_EQ(args.rdx, 5);
		CHECK_EQ(args.r8, 6);
	}
}

/* Without call_pending it is not a request: the host may bring the monitor back at any time. */
static void enter_without_request(void)
{
	const struct registers before = { .rax = SVSM_CORE_QUERY_PROTOCOL,
					  .rbx = 11,
					  .rcx = 1,
					  .rdx = 12,
					  .rsi = 13,
					  .rdi = 14,
					  .rbp = 15,
					  .r8 = 16,
					  .r9 = 17,
					  .r10 = 18,
					  .r11 = 19,
					  .r12 = 20,
					  .r13 = 21,
					  .r14 = 22,
					  .r15 = 23,
					  .rflags = 2 };
	struct registers after = before;

	CHECK_EQ(svsm_enter(&after, 0), 0);
	CHECK_EQ(memcmp(&after, &before, sizeof(after)), 0);
}

TEST(without_call_pending_nothing_happens)
{
	for (uint32_t i = 0; i < 4; i++)
		enter_without_request();
	CHECK_EQ(query(SVSM_PROTOCOL_CORE, 1), LIMITS(1, 1));
}

/* The rest of the calling area is the guest's. */
TEST(calling_area_is_left_alone)
{
	struct svsm_caa *caa = svsm_calling_area();

	for (uint32_t i = 0; i < sizeof(caa->buffer); i++)
		caa->buffer[i] = (uint8_t)(i ^ i >> 8);
	CHECK_EQ(query(SVSM_PROTOCOL_CORE, 1), LIMITS(1, 1));
	CHECK_EQ(svsm_core(0xFFFFFFFF, 0, 0, 0), SVSM_ERR_UNSUPPORTED_CALL);
	for (uint32_t i = 0; i < sizeof(caa->buffer); i++)
		CHECK_EQ_FOR(caa->buffer[i], (uint8_t)(i ^ i >> 8), i);
	CHECK_EQ(caa->mem_available, 0);
	CHECK_EQ(caa->no_eoi_required, 0);
}

/* Levels that do not exist, or have nothing to run: the host says no, and the guest goes on. */
TEST(other_levels_do_not_run)
{
	static const uint64_t level[] = { 1, 3, 4, 0x7F, 0xFF };

	for (uint32_t i = 0; i < ARRAY_SIZE(level); i++) {
		struct registers registers = { .rax = 1, .rflags = 2 };
		uint64_t answer;

		if (level[i] == MACHINE_SECRETS->svsm_guest_vmpl)
			continue;
		answer = ghcb_msr_call(GHCB_MSR_RUN_VMPL_REQ | level[i] << 32);
		CHECK_EQ_FOR(answer & GHCB_MSR_CODE_MASK, GHCB_MSR_RUN_VMPL_RSP, level[i]);
		CHECK_EQ_FOR(answer >> 32 != 0, true, level[i]);
		ghcb_prepare(GHCB_EXIT_RUN_VMPL, level[i], 0);
		vmgexit(&registers, ghcb_gpa());
		CHECK_EQ_FOR(ghcb_status(), GHCB_STATUS_MALFORMED, level[i]);
		CHECK_EQ(registers.rax, 1);
	}
	CHECK_EQ(query(SVSM_PROTOCOL_CORE, 1), LIMITS(1, 1));
}
