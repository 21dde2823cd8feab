/* SPDX-License-Identifier: MIT */
/* GHCB events and MSR calls of Nutshell's host, as a guest that may do anything. */
#include "tests/unit/unit.h"

#include "tests/mock/nutshell.h"

#define INVALID_EVENT 0x80001234ull
#define SHARED_RUN 0x00100000ull
#define BUFFER (MOCK_GHCB + 0x800u)
#define IOIO_OUT_8(port) ((uint64_t)(port) << 16 | GHCB_IOIO_SIZE_8)
#define IOIO_IN_8(port) (IOIO_OUT_8(port) | GHCB_IOIO_IN)

static uint64_t msr_call(uint64_t request)
{
	struct level *level = &machine_vcpu[0].level[machine_vcpu[0].vmpl];

	level->ghcb_msr = request;
	if (MOCK_STOPS())
		return ~0ull;
	host_vmgexit(&machine_vcpu[0]);
	mock_armed = false;
	return level->ghcb_msr;
}

static void expect(uint64_t status, uint64_t result, const char *what, int line)
{
	struct ghcb *ghcb = mock_ghcb();

	if (ghcb->sw_exit_info_1 != status || ghcb->sw_exit_info_2 != result)
		printf("line %d: %s\n", line, what);
	CHECK_EQ(ghcb->sw_exit_info_1, status);
	CHECK_EQ(ghcb->sw_exit_info_2, result);
	CHECK(mock_is_valid(&ghcb->sw_exit_info_1) && mock_is_valid(&ghcb->sw_exit_info_2));
	CHECK(!mock_trespass);
}
#define EXPECT(event, status, result) \
	do { \
		CHECK(event); \
		expect(status, result, #event, __LINE__); \
	} while (0)
#define MALFORMED(event, reason) EXPECT(event, GHCB_STATUS_MALFORMED, reason)
#define GOOD(event) EXPECT(event, 0, 0)
#define FAULT_GP (13u | 3u << 8 | 1u << 11 | 1u << 31)

TEST(unknown_event)
{
	mock_reset();
	MALFORMED(mock_event(INVALID_EVENT, 0, 0), GHCB_REASON_INVALID_EVENT);
	MALFORMED(mock_event(0, 0, 0), GHCB_REASON_INVALID_EVENT);
	MALFORMED(mock_event(~0ull, ~0ull, ~0ull), GHCB_REASON_INVALID_EVENT);
}

TEST(usage_must_be_zero)
{
	mock_reset();
	mock_ghcb()->usage = 1;
	MALFORMED(mock_event(SVM_EXIT_WBINVD, 0, 0), GHCB_REASON_INVALID_USAGE);
	mock_ghcb()->usage = 0;
	GOOD(mock_event(SVM_EXIT_WBINVD, 0, 0));
}

/* Code and both information fields must be marked. */
TEST(missing_exit_fields)
{
	const size_t bit[] = { GHCB_VALID_BIT(sw_exit_code), GHCB_VALID_BIT(sw_exit_info_1),
			       GHCB_VALID_BIT(sw_exit_info_2) };

	for (unsigned missing = 0; missing < 3; missing++) {
		struct ghcb *ghcb;

		mock_reset();
		ghcb = mock_ghcb();
		ghcb->sw_exit_code = SVM_EXIT_WBINVD;
		for (unsigned i = 0; i < 3; i++) {
			if (i != missing)
				ghcb->valid_bitmap[bit[i] / 8] =
					(uint8_t)(ghcb->valid_bitmap[bit[i] / 8] | 1u << bit[i] % 8);
		}
		machine_vcpu[0].level[MOCK_VMPL].ghcb_msr = MOCK_GHCB;
		host_vmgexit(&machine_vcpu[0]);
		expect(GHCB_STATUS_MALFORMED, GHCB_REASON_MISSING_INPUT, "missing", __LINE__);
	}
}

TEST(missing_inputs)
{
	static const struct {
		uint64_t code, info_1;
		uint64_t without; /* offset of a needed register */
	} events[] = {
		{ SVM_EXIT_CPUID, 0, offsetof(struct ghcb, rax) },
		{ SVM_EXIT_CPUID, 0, offsetof(struct ghcb, rcx) },
		{ SVM_EXIT_MSR, 0, offsetof(struct ghcb, rcx) },
		{ SVM_EXIT_MSR, 1, offsetof(struct ghcb, rax) },
		{ SVM_EXIT_MSR, 1, offsetof(struct ghcb, rdx) },
		{ SVM_EXIT_RDPMC, 0, offsetof(struct ghcb, rcx) },
		{ SVM_EXIT_WRITE_DR7, 0, offsetof(struct ghcb, rax) },
		{ SVM_EXIT_VMMCALL, 0, offsetof(struct ghcb, rax) },
		{ SVM_EXIT_VMMCALL, 0, 0xC8 }, /* CPL shares these eight bytes */
		{ SVM_EXIT_IOIO, IOIO_OUT_8(0x80), offsetof(struct ghcb, rax) },
		{ GHCB_EXIT_GET_APIC_IDS, 0, offsetof(struct ghcb, rax) },
	};
	static const uint64_t all[] = { offsetof(struct ghcb, rax), offsetof(struct ghcb, rcx),
					offsetof(struct ghcb, rdx), offsetof(struct ghcb, rbx), 0xC8 };

	for (unsigned i = 0; i < ARRAY_SIZE(events); i++) {
		mock_reset();
		for (unsigned j = 0; j < ARRAY_SIZE(all); j++) {
			if (all[j] != events[i].without)
				mock_set((uint64_t *)(void *)((uint8_t *)mock_ghcb() + all[j]), 0);
		}
		if (!mock_event(events[i].code, events[i].info_1, 0) ||
		    mock_ghcb()->sw_exit_info_2 != GHCB_REASON_MISSING_INPUT)
			printf("event %u\n", i);
		CHECK_EQ(mock_ghcb()->sw_exit_info_1, GHCB_STATUS_MALFORMED);
		CHECK_EQ(mock_ghcb()->sw_exit_info_2, GHCB_REASON_MISSING_INPUT);
		CHECK_EQ(mock_out_count, 0);
	}
}

TEST(page_must_be_registered_and_shared)
{
	mock_reset();
	machine_vcpu[0].level[MOCK_VMPL].ghcb_registered = ~0ull;
	CHECK(!mock_event(SVM_EXIT_WBINVD, 0, 0));
	CHECK_EQ(mock_stop_status, STOP_TERMINATED);
	mock_reset();
	mock_give(MOCK_GHCB);
	CHECK(!mock_event(SVM_EXIT_WBINVD, 0, 0));
	CHECK_EQ(mock_stop_status, STOP_TERMINATED);
}

/* The launch's save area has an address where nothing is: it may be registered, never used. */
TEST(page_without_memory)
{
	mock_reset();
	CHECK_EQ(msr_call(MOCK_LAUNCH_VMSA | GHCB_MSR_REGISTER_REQ), MOCK_LAUNCH_VMSA | GHCB_MSR_REGISTER_RSP);
	CHECK_EQ(msr_call(MOCK_LAUNCH_VMSA), ~0ull);
	CHECK(!mock_trespass);
	CHECK_EQ(msr_call(0x700000 | GHCB_MSR_REGISTER_REQ), ~0xFFFull | GHCB_MSR_REGISTER_RSP);
	CHECK_EQ(msr_call(0xA0000 | GHCB_MSR_REGISTER_REQ), ~0xFFFull | GHCB_MSR_REGISTER_RSP);
	CHECK_EQ(msr_call(1ull << 60 | GHCB_MSR_REGISTER_REQ), ~0xFFFull | GHCB_MSR_REGISTER_RSP);
}

TEST(msr_calls)
{
	mock_reset();
	CHECK_EQ(msr_call(GHCB_MSR_SEV_INFO_REQ), 2ull << 48 | 1ull << 32 | 47u << 24 | 1);
	CHECK_EQ(msr_call(GHCB_MSR_FEATURES_REQ), options.features << 12 | GHCB_MSR_FEATURES_RSP);
	CHECK_EQ(msr_call(GHCB_MSR_PREFERRED_REQ), ~0xFFFull | GHCB_MSR_PREFERRED_RSP);
	CHECK_EQ(msr_call(0x80000000ull << 32 | 0u << 30 | GHCB_MSR_CPUID_REQ),
		 0x8000001Full << 32 | GHCB_MSR_CPUID_RSP);
	CHECK_EQ(msr_call(0x8000001Full << 32 | 1u << 30 | GHCB_MSR_CPUID_REQ) >> 32 & 0x3F, 47);
	CHECK_EQ(msr_call(0x300000 | 1ull << 52 | GHCB_MSR_PSC_REQ), GHCB_MSR_PSC_RSP);
	CHECK_EQ(mock_rmp(0x300000)->assigned, 1);
	CHECK_EQ(msr_call(0x300000 | 2ull << 52 | GHCB_MSR_PSC_REQ), GHCB_MSR_PSC_RSP);
	CHECK_EQ(mock_rmp(0x300000)->assigned, 0);
	for (uint64_t operation = 0; operation < 16; operation++) {
		bool bad = operation != PSC_OP_PRIVATE && operation != PSC_OP_SHARED;

		CHECK_EQ(msr_call(0x300000 | operation << 52 | GHCB_MSR_PSC_REQ) != GHCB_MSR_PSC_RSP, bad);
	}
	CHECK(msr_call(0x700000 | 1ull << 52 | GHCB_MSR_PSC_REQ) != GHCB_MSR_PSC_RSP);
	CHECK_EQ(msr_call(0x345), ~0ull);
	CHECK_EQ(mock_stop_status, STOP_TERMINATED);
	CHECK_EQ(msr_call(0x1000u | 3u << 16 | GHCB_MSR_TERMINATE), ~0ull);
	CHECK_EQ(mock_stop_status, STOP_TERMINATED);
	CHECK(strstr(mock_stop_text, "reason set 1, code 3") != NULL);
}

TEST(msr_call_runs_another_level)
{
	mock_reset();
	CHECK_EQ(machine_vcpu[0].vmpl, MOCK_VMPL);
	(void)msr_call(GHCB_MSR_RUN_VMPL_REQ);
	CHECK_EQ(mock_switched_to, 0);
	CHECK_EQ(machine_vcpu[0].level[MOCK_VMPL].ghcb_msr, GHCB_MSR_RUN_VMPL_RSP);
	mock_reset();
	mock_switch_result = ERR_STATE;
	CHECK_EQ(msr_call(1ull << 32 | GHCB_MSR_RUN_VMPL_REQ), GHCB_MSR_RUN_VMPL_RSP | 1ull << 32);
}

TEST(event_runs_another_level)
{
	mock_reset();
	GOOD(mock_event(GHCB_EXIT_RUN_VMPL, 0, 0));
	CHECK_EQ(mock_switched_to, 0);
	mock_reset();
	MALFORMED(mock_event(GHCB_EXIT_RUN_VMPL, 4, 0), GHCB_REASON_INVALID_INPUT);
	MALFORMED(mock_event(GHCB_EXIT_RUN_VMPL, 1ull << 32, 0), GHCB_REASON_INVALID_INPUT);
	CHECK_EQ(mock_switched_to, ~0u);
	mock_switch_result = ERR_STATE;
	MALFORMED(mock_event(GHCB_EXIT_RUN_VMPL, 1, 0), GHCB_REASON_INVALID_INPUT);
}

TEST(instructions)
{
	struct ghcb *ghcb;

	mock_reset();
	ghcb = mock_ghcb();
	mock_tsc = 0x1234567800000000ull;
	GOOD(mock_event(SVM_EXIT_RDTSC, 0, 0));
	CHECK_EQ(ghcb->rdx, 0x12345678);
	CHECK_EQ(ghcb->rax, 1000);
	CHECK(mock_is_valid(&ghcb->rax) && mock_is_valid(&ghcb->rdx) && !mock_is_valid(&ghcb->rcx));
	GOOD(mock_event(SVM_EXIT_RDTSCP, 0, 0));
	CHECK_EQ(ghcb->rax, 2000);
	CHECK_EQ(ghcb->rcx, 0xC0000103); /* what the mock's register holds */
	CHECK(mock_is_valid(&ghcb->rcx));
	MOCK_SET(rcx, 0);
	EXPECT(mock_event(SVM_EXIT_RDPMC, 0, 0), GHCB_STATUS_EXCEPTION, FAULT_GP);
	MOCK_SET(rax, 0x81);
	mock_set((uint64_t *)(void *)((uint8_t *)ghcb + 0xC8), 0);
	GOOD(mock_event(SVM_EXIT_VMMCALL, 0, 0));
	CHECK_EQ(ghcb->rax, -1000);
	CHECK(mock_is_valid(&ghcb->rax));
	EXPECT(mock_event(GHCB_EXIT_FEATURES, 0, 0), 0, options.features);
}

TEST(dr7_belongs_to_a_level)
{
	mock_reset();
	GOOD(mock_event(SVM_EXIT_READ_DR7, 0, 0));
	CHECK_EQ(mock_ghcb()->rax, 0x400);
	MOCK_SET(rax, 0x455);
	GOOD(mock_event(SVM_EXIT_WRITE_DR7, 0, 0));
	GOOD(mock_event(SVM_EXIT_READ_DR7, 0, 0));
	CHECK_EQ(mock_ghcb()->rax, 0x455);
	CHECK_EQ(machine_vcpu[0].level[0].dr7, 0);
	CHECK_EQ(machine_vcpu[1].level[MOCK_VMPL].dr7, 0);
}

TEST(cpuid_event)
{
	mock_reset();
	MOCK_SET(rax, CPUID_SEV_LEAF);
	MOCK_SET(rcx, 0);
	GOOD(mock_event(SVM_EXIT_CPUID, 0, 0));
	CHECK_EQ(mock_ghcb()->rbx & 0x3F, 47);
	CHECK(mock_is_valid(&mock_ghcb()->rdx));
	MOCK_SET(rax, 0xD);
	MOCK_SET(rcx, 0);
	MALFORMED(mock_event(SVM_EXIT_CPUID, 0, 0), GHCB_REASON_MISSING_INPUT);
	MOCK_SET(rax, 0xD);
	MOCK_SET(rcx, 0);
	MOCK_SET(xcr0, 1);
	GOOD(mock_event(SVM_EXIT_CPUID, 0, 0));
	CHECK_EQ(mock_ghcb()->rax, 0);
}

/* ---- ports ---- */

TEST(port_events)
{
	mock_reset();
	MOCK_SET(rax, 0x1FF);
	GOOD(mock_event(SVM_EXIT_IOIO, IOIO_OUT_8(0x3F8), 0));
	CHECK_EQ(mock_out_count, 1);
	CHECK_EQ(mock_out_port, 0x3F8);
	CHECK_EQ(mock_out_value, 0xFF);
	GOOD(mock_event(SVM_EXIT_IOIO, IOIO_IN_8(0x3F8), 0));
	CHECK_EQ(mock_ghcb()->rax, 1);
	MALFORMED(mock_event(SVM_EXIT_IOIO, 0x3F8ull << 16, 0), GHCB_REASON_INVALID_INPUT);
	MALFORMED(mock_event(SVM_EXIT_IOIO, 0x3F8ull << 16 | 3u << 4, 0), GHCB_REASON_INVALID_INPUT);
	MALFORMED(mock_event(SVM_EXIT_IOIO, 0x3F8ull << 16 | 7u << 4, 0), GHCB_REASON_INVALID_INPUT);
}

TEST(strings_of_ports)
{
	uint64_t out = IOIO_OUT_8(0x3F8) | GHCB_IOIO_STRING, in = out | GHCB_IOIO_IN;

	mock_reset();
	MALFORMED(mock_event(SVM_EXIT_IOIO, out, 4), GHCB_REASON_INVALID_SCRATCH);
	MOCK_SET(sw_scratch, BUFFER);
	memcpy(mock_ghcb()->shared_buffer, "Hi!", 3);
	GOOD(mock_event(SVM_EXIT_IOIO, out, 3));
	CHECK_EQ(mock_out_count, 3);
	CHECK_EQ(mock_out_value, '!');
	MOCK_SET(sw_scratch, BUFFER);
	MALFORMED(mock_event(SVM_EXIT_IOIO, out, 0), GHCB_REASON_INVALID_SCRATCH);
	MOCK_SET(sw_scratch, BUFFER);
	MALFORMED(mock_event(SVM_EXIT_IOIO, out, 0x7F1), GHCB_REASON_INVALID_SCRATCH);
	MOCK_SET(sw_scratch, BUFFER);
	MALFORMED(mock_event(SVM_EXIT_IOIO, out, ~0ull), GHCB_REASON_INVALID_SCRATCH);
	MOCK_SET(sw_scratch, BUFFER);
	GOOD(mock_event(SVM_EXIT_IOIO, in, 0x7F0));
	CHECK_EQ(mock_ghcb()->shared_buffer[0x7EF], 1);
	CHECK_EQ(mock_ghcb()->reserved_ff0[0], 0);
	/* Up to sixteen pages elsewhere. */
	MOCK_SET(sw_scratch, SHARED_RUN);
	GOOD(mock_event(SVM_EXIT_IOIO, in - GHCB_IOIO_SIZE_8 + GHCB_IOIO_SIZE_32, 4096));
	CHECK_EQ(mock_ram(SHARED_RUN)[16383], 4);
	CHECK_EQ(mock_ram(SHARED_RUN)[16384], 0xA5);
	MOCK_SET(sw_scratch, SHARED_RUN);
	MALFORMED(mock_event(SVM_EXIT_IOIO, in, 4097), GHCB_REASON_INVALID_SCRATCH);
}

TEST(scratch_areas)
{
	static const uint64_t bad[] = {
		MOCK_GHCB,       MOCK_GHCB + 0x7FF,    MOCK_GHCB + 0xFF0,  MOCK_GHCB + 0xFFF, BUFFER + 0x7ED,
		SHARED_RUN - 1u, SHARED_RUN + 1u,      0x5FFFFD,           MOCK_LOW_END,      0x9FFFD,
		0xA0000,         MOCK_HIGH_START - 2u, MOCK_HIGH_END - 3u, MOCK_LAUNCH_VMSA,  ~0ull,
		~0ull - 3u,      0xB0000000ull
	};
	uint64_t in = IOIO_IN_8(0x3F8) | GHCB_IOIO_STRING;

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		mock_reset();
		mock_give(SHARED_RUN); /* a private page */
		MOCK_SET(sw_scratch, bad[i]);
		if (!mock_event(SVM_EXIT_IOIO, in, 4) || mock_ghcb()->sw_exit_info_2 != GHCB_REASON_INVALID_SCRATCH)
			printf("scratch 0x%llx\n", (unsigned long long)bad[i]);
		expect(GHCB_STATUS_MALFORMED, GHCB_REASON_INVALID_SCRATCH, "scratch", __LINE__);
		CHECK_EQ(mock_ram(SHARED_RUN)[0], 0xA5);
	}
}

/* Neither the log nor the exit device, whatever width reaches them; QEMU's DMA register not in pieces. */
TEST(hidden_ports)
{
	static const uint16_t hidden[] = { 0xE9, 0x501, 0x515, 0x519, 0x51B };

	for (unsigned i = 0; i < ARRAY_SIZE(hidden); i++) {
		for (uint32_t size = 1; size <= 4; size *= 2) {
			for (uint32_t before = 0; before < size; before++) {
				uint64_t info = (uint64_t)(hidden[i] - before) << 16 | size << 4;

				if (size == 4 && (hidden[i] - before == 0x514 || hidden[i] - before == 0x518))
					continue;
				mock_reset();
				MOCK_SET(rax, 0x41);
				GOOD(mock_event(SVM_EXIT_IOIO, info, 0));
				CHECK_EQ(mock_out_count, 0);
				GOOD(mock_event(SVM_EXIT_IOIO, info | GHCB_IOIO_IN, 0));
				CHECK_EQ((uint32_t)mock_ghcb()->rax, ~0u);
			}
		}
	}
}

TEST(power_off_and_reset)
{
	static const struct {
		uint16_t port;
		uint32_t size, value;
	} ends[] = {
		{ 0x604, 2, 0x2000 }, { 0x604, 4, 0x2001 }, { 0xCF9, 1, 6 }, { 0x64, 1, 0xFE }, { 0x92, 1, 1 }
	};

	for (unsigned i = 0; i < ARRAY_SIZE(ends); i++) {
		mock_reset();
		MOCK_SET(rax, ends[i].value);
		CHECK(!mock_event(SVM_EXIT_IOIO, (uint64_t)ends[i].port << 16 | ends[i].size << 4, 0));
		CHECK_EQ(mock_stop_status, STOP_POWER_OFF);
	}
	mock_reset();
	MOCK_SET(rax, 0x1C00);
	CHECK(mock_event(SVM_EXIT_IOIO, 0x604ull << 16 | 2u << 4, 0));
}

/* Of the sleep states there is S5 alone: QEMU, which would sleep, does not hear of the others. */
TEST(sleep_is_refused)
{
	for (uint32_t type = 1; type < 8; type++) {
		mock_reset();
		MOCK_SET(rax, type << 10 | 0x2000);
		CHECK(mock_event(SVM_EXIT_IOIO, 0x604ull << 16 | 2u << 4, 0));
		CHECK_EQ(mock_out_count, 0);
	}
}

/* ---- memory-mapped devices ---- */

static bool mmio(bool write, uint64_t gpa, uint64_t size)
{
	MOCK_SET(sw_scratch, BUFFER);
	return mock_event(write ? GHCB_EXIT_MMIO_WRITE : GHCB_EXIT_MMIO_READ, gpa, size);
}

TEST(device_registers)
{
	static const uint64_t places[] = { 0xA0000,    0xBFFF8,    0xB0000000,    0xFEC00000,
					   0xFEE00020, 0xFFFFFFF8, MOCK_HIGH_END, (1ull << 39) - 8u };

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		for (uint64_t size = 1; size <= 8; size *= 2) {
			mock_reset();
			memset(mock_ghcb()->shared_buffer, 0x17, 16);
			GOOD(mmio(false, places[i], size));
			CHECK_EQ(mock_ghcb()->shared_buffer[size - 1], 0xD0);
			CHECK_EQ(mock_ghcb()->shared_buffer[size], 0x17);
			memset(mock_ghcb()->shared_buffer, 0x99, 16);
			GOOD(mmio(true, places[i], size));
			CHECK_EQ(mock_device[(places[i] & 0xFFF) + size - 1], 0x99);
			CHECK_EQ(mock_device_accesses, 2);
		}
	}
}

TEST(no_device_there)
{
	static const uint64_t places[] = { 0,          0x9FFF8,           0xC0000,
					   SHARED_RUN, MOCK_LOW_END - 8u, MOCK_LOW_END,
					   0x80000000, MOCK_HIGH_START,   MOCK_HIGH_END - 8u,
					   1ull << 39, MOCK_LAUNCH_VMSA,  ~7ull };

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		mock_reset();
		memset(mock_ghcb()->shared_buffer, 0x17, 16);
		GOOD(mmio(true, places[i], 8));
		GOOD(mmio(false, places[i], 8));
		CHECK_EQ(mock_ghcb()->shared_buffer[7], 0xFF);
		CHECK_EQ(mock_ghcb()->shared_buffer[8], 0x17);
		CHECK_EQ(mock_device_accesses, 0);
	}
}

/* One access must not touch a device and what lies beside it. */
TEST(device_accesses_are_aligned)
{
	static const uint64_t places[] = { 0x9FFFC,   0xBFFFC, 0xFFFFFFFC, MOCK_HIGH_START - 1u, MOCK_HIGH_END - 4u,
					   0xFEE002FC };

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		mock_reset();
		GOOD(mmio(true, places[i], 8));
		CHECK_EQ(mock_device_accesses, 0);
		CHECK_EQ(mock_ram(MOCK_HIGH_START)[0], 0xA5);
	}
}

/* The layout of a machine with 2.5 GiB: Nutshell's memory lies where larger machines have none. */
TEST(no_device_in_hidden_memory)
{
	static const uint64_t places[] = { 0x80000000, 0x98000000, 0x9FFFFFF8, 0xA0000000, 0xAFFFFFF8 };

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		mock_reset();
		mock_low_end = 0x98000000;
		GOOD(mmio(true, places[i], 8));
		GOOD(mmio(false, places[i], 8));
	}
}

TEST(device_sizes)
{
	static const uint64_t bad[] = { 0, 3, 5, 16, 1ull << 32, ~0ull };

	mock_reset();
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		MALFORMED(mmio(false, 0xFEE00020, bad[i]), GHCB_REASON_INVALID_INPUT);
	MALFORMED(mock_event(GHCB_EXIT_MMIO_READ, 0xFEE00020, 4), GHCB_REASON_INVALID_SCRATCH);
	CHECK_EQ(mock_device_accesses, 0);
}

TEST(start_up_requests_stay_in_the_guest)
{
	static const uint32_t command[] = { 0x000C4500, 0x000C4608, 0x00000500 };

	for (unsigned i = 0; i < ARRAY_SIZE(command); i++) {
		mock_reset();
		memcpy(mock_ghcb()->shared_buffer, &command[i], 4);
		GOOD(mmio(true, 0xFEE00300, 4));
		CHECK_EQ(mock_device_accesses, 0);
	}
	memcpy(mock_ghcb()->shared_buffer, "\xF0\x08\x00\x00", 4); /* an ordinary interrupt */
	GOOD(mmio(true, 0xFEE00300, 4));
	CHECK_EQ(mock_device_accesses, 1);
}

/* ---- registers ---- */

static bool msr_event(uint32_t msr, bool write)
{
	MOCK_SET(rcx, msr);
	MOCK_SET(rax, 5);
	MOCK_SET(rdx, 6);
	return mock_event(SVM_EXIT_MSR, write, 0);
}

TEST(registers)
{
	mock_reset();
	GOOD(msr_event(0x1B, false));
	CHECK_EQ(mock_ghcb()->rax, 0x1B);
	CHECK_EQ(mock_ghcb()->rdx, 0x11223344);
	GOOD(msr_event(0xC0010015, false));
	CHECK_EQ(mock_ghcb()->rax | mock_ghcb()->rdx, 0);
	GOOD(msr_event(0x2FF, true));
	CHECK_EQ(mock_out_count, 0);
	GOOD(msr_event(0x401, true));
	CHECK_EQ(mock_out_count, 1);
	EXPECT(msr_event(0xC0000080, false), GHCB_STATUS_EXCEPTION, FAULT_GP);
	EXPECT(msr_event(0xC0010117, true), GHCB_STATUS_EXCEPTION, FAULT_GP);
	EXPECT(msr_event(0x808, true), GHCB_STATUS_EXCEPTION, FAULT_GP);
	CHECK_EQ(mock_out_count, 1);
}

/* ---- page state changes ---- */

static struct psc_desc *psc_list(void)
{
	return (struct psc_desc *)(void *)mock_ghcb()->shared_buffer;
}

static uint64_t psc(uint64_t gpa, uint64_t operation, bool size_2m)
{
	return gpa | operation << PSC_ENTRY_OP_SHIFT | (size_2m ? PSC_ENTRY_2M : 0);
}

static bool send_psc(uint16_t first, uint16_t last)
{
	psc_list()->header = (struct psc_header){ first, last, 0 };
	MOCK_SET(sw_scratch, BUFFER);
	return mock_event(GHCB_EXIT_PSC, 0, 0);
}

TEST(list_is_done)
{
	mock_reset();
	psc_list()->entry[0] = psc(0x200000, PSC_OP_PRIVATE, true);
	psc_list()->entry[1] = psc(0x400000, PSC_OP_PRIVATE, false);
	psc_list()->entry[2] = psc(0x200000, PSC_OP_PSMASH, true);
	psc_list()->entry[3] = psc(0x201000, PSC_OP_SHARED, false);
	psc_list()->entry[4] = psc(0x200000, PSC_OP_UNSMASH, true);
	GOOD(send_psc(0, 4));
	CHECK_EQ(psc_list()->header.cur_entry, 5);
	CHECK_EQ(psc_list()->header.end_entry, 4);
	CHECK_EQ(mock_rmp(0x200000)->assigned, 1);
	CHECK_EQ(mock_rmp(0x200000)->size_2m, 0);
	CHECK_EQ(mock_rmp(0x201000)->assigned, 0);
	CHECK_EQ(mock_rmp(0x3FF000)->assigned, 1);
	CHECK_EQ(mock_rmp(0x400000)->assigned, 1);
	/* The whole of the list. */
	for (uint32_t i = 0; i < PSC_ENTRY_MAX; i++)
		psc_list()->entry[i] = psc(SHARED_RUN + i * PAGE_SIZE, PSC_OP_PRIVATE, false);
	GOOD(send_psc(3, PSC_ENTRY_MAX - 1));
	CHECK_EQ(mock_rmp(SHARED_RUN)->assigned, 0);
	CHECK_EQ(mock_rmp(SHARED_RUN + 252 * PAGE_SIZE)->assigned, 1);
}

TEST(list_headers)
{
	mock_reset();
	psc_list()->entry[0] = psc(SHARED_RUN, PSC_OP_PRIVATE, false);
	EXPECT(send_psc(0, PSC_ENTRY_MAX), 0, PSC_ERROR_HEADER);
	EXPECT(send_psc(0, 0xFFFF), 0, PSC_ERROR_HEADER);
	EXPECT(send_psc(1, 0), 0, PSC_ERROR_HEADER);
	EXPECT(send_psc(0xFFFF, 0xFFFF), 0, PSC_ERROR_HEADER);
	/* OVMF leaves this field as it was. */
	psc_list()->entry[0] = psc(SHARED_RUN, PSC_OP_SHARED, false);
	psc_list()->header = (struct psc_header){ 0, 0, 1 };
	MOCK_SET(sw_scratch, BUFFER);
	GOOD(mock_event(GHCB_EXIT_PSC, 0, 0));
	psc_list()->header = (struct psc_header){ 0, 0, 0 };
	MALFORMED(mock_event(GHCB_EXIT_PSC, 0, 0), GHCB_REASON_INVALID_SCRATCH);
	MOCK_SET(sw_scratch, BUFFER + 8);
	MALFORMED(mock_event(GHCB_EXIT_PSC, 0, 0), GHCB_REASON_INVALID_SCRATCH);
	CHECK_EQ(mock_rmp(SHARED_RUN)->assigned, 0);
}

TEST(list_entries)
{
	const uint64_t bad[] = { psc(SHARED_RUN, 0, false),
				 psc(SHARED_RUN, 5, false),
				 psc(SHARED_RUN, 15, false),
				 psc(SHARED_RUN, PSC_OP_PRIVATE, true), /* not aligned */
				 psc(0x200000, PSC_OP_PRIVATE, true) | 513, /* beyond the block */
				 psc(SHARED_RUN, PSC_OP_PRIVATE, false) | 2, /* beyond the page */
				 psc(SHARED_RUN, PSC_OP_PRIVATE, false) | 1ull << 57,
				 psc(SHARED_RUN, PSC_OP_PRIVATE, false) | 1ull << 63 };
	const uint64_t refused[] = {
		psc(MOCK_LOW_END, PSC_OP_PRIVATE, false), psc(0xA0000, PSC_OP_SHARED, false),
		psc(0x600000, PSC_OP_PRIVATE, true),      psc(0, PSC_OP_PRIVATE, true),
		psc(MOCK_LOW_END, PSC_OP_PSMASH, false),  psc(0xFFFFFFFE00000, PSC_OP_SHARED, true),
		psc(0x5FF000, PSC_OP_PRIVATE, false)
	};

	for (unsigned i = 0; i < ARRAY_SIZE(bad) + ARRAY_SIZE(refused); i++) {
		bool is_bad = i < ARRAY_SIZE(bad);

		mock_reset();
		mock_vmsa_in_use = 0x5FF000;
		psc_list()->entry[0] = psc(0x400000, PSC_OP_PRIVATE, false);
		psc_list()->entry[1] = is_bad ? bad[i] : refused[i - ARRAY_SIZE(bad)];
		psc_list()->entry[2] = psc(0x401000, PSC_OP_PRIVATE, false);
		EXPECT(send_psc(0, 2), 0, is_bad ? PSC_ERROR_ENTRY : PSC_ERROR_GENERIC);
		CHECK_EQ(psc_list()->header.cur_entry, 1);
		CHECK_EQ(mock_rmp(0x400000)->assigned, 1);
		CHECK_EQ(mock_rmp(0x401000)->assigned, 0);
		CHECK_EQ(mock_rmp(SHARED_RUN)->assigned, 0);
	}
}

TEST(repeated_changes_lose_nothing)
{
	mock_reset();
	for (uint64_t at = 0x200000; at < 0x400000; at += PAGE_SIZE)
		mock_give(at);
	mock_ram(0x200000)[0] = 0x42;
	mock_rmp(0x3FF000)->assigned = 0;
	psc_list()->entry[0] = psc(0x200000, PSC_OP_PRIVATE, true);
	GOOD(send_psc(0, 0));
	CHECK_EQ(mock_ram(0x200000)[0], 0x42);
	CHECK_EQ(mock_rmp(0x200000)->validated, 1);
	CHECK_EQ(mock_rmp(0x3FF000)->assigned, 1);
	GOOD(send_psc(0, 0));
	CHECK_EQ(mock_rmp(0x200000)->validated, 1);
}

TEST(list_takes_its_own_page)
{
	struct psc_desc *list;

	mock_reset();
	list = (void *)mock_ram(SHARED_RUN);
	list->header = (struct psc_header){ 0, 1, 0 };
	list->entry[0] = psc(SHARED_RUN, PSC_OP_PRIVATE, false);
	list->entry[1] = psc(0x400000, PSC_OP_PRIVATE, false);
	MOCK_SET(sw_scratch, SHARED_RUN);
	GOOD(mock_event(GHCB_EXIT_PSC, 0, 0));
	CHECK_EQ(mock_rmp(0x400000)->assigned, 1);
	CHECK_EQ(mock_ram(SHARED_RUN)[0], 0x5C); /* the host did not write to a private page */
}

TEST(list_takes_the_ghcb)
{
	mock_reset();
	psc_list()->entry[0] = psc(MOCK_GHCB, PSC_OP_PRIVATE, false);
	CHECK(!send_psc(0, 0));
	CHECK_EQ(mock_stop_status, STOP_TERMINATED);
	for (uint32_t i = 0; i < PAGE_SIZE; i++)
		CHECK_EQ(mock_ram(MOCK_GHCB)[i], 0x5C);
}

/* ---- guest requests ---- */

#define FROM 0x00120000ull
#define TO 0x00121000ull

TEST(requests_need_two_shared_pages)
{
	static const uint64_t bad[][2] = { { FROM, FROM },       { FROM + 8, TO },  { FROM, TO + 1 },
					   { MOCK_LOW_END, TO }, { FROM, 0xA0000 }, { SHARED_RUN, TO },
					   { FROM, SHARED_RUN }, { ~0ull, TO },     { FROM, MOCK_LAUNCH_VMSA } };

	mock_reset();
	mock_give(SHARED_RUN);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		MALFORMED(mock_event(GHCB_EXIT_GUEST_REQUEST, bad[i][0], bad[i][1]), GHCB_REASON_INVALID_INPUT);
	EXPECT(mock_event(GHCB_EXIT_GUEST_REQUEST, FROM, TO), 0, PSP_STATUS_INVALID_PARAM);
	CHECK_EQ(mock_ram(TO)[0], 0xA5);
}

static bool extended(uint64_t certificates, uint64_t pages)
{
	MOCK_SET(rax, certificates);
	MOCK_SET(rbx, pages);
	return mock_event(GHCB_EXIT_EXTENDED_GUEST_REQUEST, FROM, TO);
}

TEST(extended_requests)
{
	mock_reset();
	mock_give(SHARED_RUN);
	mock_certificates_size = 2 * PAGE_SIZE + 100;
	for (uint32_t i = 0; i < sizeof(mock_certificates); i++)
		mock_certificates[i] = (uint8_t)(i * 7ull + i / PAGE_SIZE);
	MALFORMED(mock_event(GHCB_EXIT_EXTENDED_GUEST_REQUEST, FROM, TO), GHCB_REASON_MISSING_INPUT);
	EXPECT(extended(0x130000, 3), 0, PSP_STATUS_INVALID_PARAM);
	CHECK(memcmp(mock_ram(0x130000), mock_certificates, 2 * PAGE_SIZE + 100) == 0);
	CHECK_EQ(mock_ram(0x130000 + 2 * PAGE_SIZE)[100], 0xA5);
	EXPECT(extended(0x140000, 0), 0, PSP_STATUS_INVALID_PARAM);
	CHECK_EQ(mock_ram(0x140000)[0], 0xA5);
	MALFORMED(extended(0x131008, 3), GHCB_REASON_INVALID_INPUT);
	MALFORMED(extended(SHARED_RUN, 3), GHCB_REASON_INVALID_INPUT);
	MALFORMED(extended(SHARED_RUN - PAGE_SIZE, 3), GHCB_REASON_INVALID_INPUT);
	MALFORMED(extended(MOCK_LOW_END - 2 * PAGE_SIZE, 3), GHCB_REASON_INVALID_INPUT);
	MALFORMED(extended(~0ull - PAGE_SIZE + 1, 3), GHCB_REASON_INVALID_INPUT);
	mock_certificates_size = 0;
	EXPECT(extended(0x140000, 1), 0, PSP_STATUS_INVALID_PARAM);
	CHECK_EQ(mock_ram(0x140000)[0], 0xA5);
}

/* Too few pages: the guest learns how many it takes, and its message was not carried. */
TEST(extended_requests_with_too_few_pages)
{
	mock_reset();
	mock_certificates_size = 2 * PAGE_SIZE + 100;
	for (uint64_t pages = 1; pages < 3; pages++) {
		EXPECT(extended(0x130000, pages), 0, 1ull << 32);
		CHECK_EQ(mock_ghcb()->rbx, 3);
		CHECK(mock_is_valid(&mock_ghcb()->rbx));
		CHECK_EQ(mock_ram(0x130000)[0], 0xA5);
		CHECK_EQ(mock_ram(TO)[0], 0xA5);
	}
	mock_certificates_size = 0;
}

TEST(busy_host)
{
	mock_reset();
	options.busy = 2;
	for (uint32_t i = 0; i < 6; i++) {
		bool carried = i % 3 == 2;

		EXPECT(mock_event(i % 2 == 0 || carried ? GHCB_EXIT_GUEST_REQUEST : GHCB_EXIT_EXTENDED_GUEST_REQUEST, FROM, TO), 0,
		       carried ? PSP_STATUS_INVALID_PARAM : 2ull << 32);
	}
	options.busy = 0;
}

/* ---- processors ---- */

TEST(apic_ids)
{
	uint32_t list[3];

	mock_reset();
	MOCK_SET(rax, 0);
	GOOD(mock_event(GHCB_EXIT_GET_APIC_IDS, 0, 0));
	CHECK_EQ(mock_ghcb()->rax, 1);
	MOCK_SET(rax, 1);
	GOOD(mock_event(GHCB_EXIT_GET_APIC_IDS, FROM, 0));
	memcpy(list, mock_ram(FROM), sizeof(list));
	CHECK_EQ(list[0], 2);
	CHECK_EQ(list[2], 1);
	MOCK_SET(rax, 1);
	MALFORMED(mock_event(GHCB_EXIT_GET_APIC_IDS, FROM + 4, 0), GHCB_REASON_INVALID_INPUT);
	mock_give(FROM);
	MOCK_SET(rax, 1);
	MALFORMED(mock_event(GHCB_EXIT_GET_APIC_IDS, FROM, 0), GHCB_REASON_INVALID_INPUT);
}

static bool creation(uint64_t request, uint64_t vmpl, uint64_t apic_id, uint64_t vmsa)
{
	MOCK_SET(rax, SEV_FEATURE_SNP_ACTIVE);
	return mock_event(GHCB_EXIT_AP_CREATION, request | vmpl << 16 | apic_id << 32, vmsa);
}

TEST(creation_checks)
{
	static const uint64_t bad[][4] = { { 3, 2, 1, FROM },     { 1, 4, 1, FROM },     { 1, 1, 1, FROM },
					   { 1, 0, 1, FROM },     { 1, 2, 2, FROM },     { 1, 2, 1, FROM + 8 },
					   { 1, 2, 1, 0x200000 }, { 1, 2, 1, 0xA0000 },  { 1, 2, 0, FROM },
					   { 2, 2, 0, FROM },     { 0xFFFF, 2, 1, FROM } };

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		mock_reset();
		MALFORMED(creation(bad[i][0], bad[i][1], bad[i][2], bad[i][3]), GHCB_REASON_INVALID_INPUT);
		CHECK_EQ(machine_vcpu[1].level[2].vmsa_gpa, 0);
	}
	mock_reset();
	GOOD(creation(AP_CREATE_ON_INIT, 3, 1, FROM));
	CHECK_EQ(machine_vcpu[1].level[3].vmsa_gpa, FROM);
	GOOD(creation(AP_DESTROY, 3, 1, 0));
	CHECK_EQ(machine_vcpu[1].level[3].vmsa_gpa, 0);
	CHECK(mock_event(GHCB_EXIT_AP_CREATION, 1 | 2u << 16 | 1ull << 32, FROM)); /* no features */
	CHECK_EQ(mock_ghcb()->sw_exit_info_1, GHCB_STATUS_MALFORMED);
}

TEST(ends)
{
	mock_reset();
	CHECK(!mock_event(GHCB_EXIT_TERMINATE, 0x21, 7));
	CHECK_EQ(mock_stop_status, STOP_TERMINATED);
	CHECK(strstr(mock_stop_text, "reason set 1, code 2") != NULL);
	mock_reset();
	CHECK(!mock_event(GHCB_EXIT_UNSUPPORTED, 0x77, 7));
	CHECK_EQ(mock_stop_status, STOP_TERMINATED);
}

/* The reasons of each set have their words, what lies behind them none. */
TEST(words_of_ends)
{
	static const struct {
		uint64_t info;
		const char *words;
	} ends[] = { { 0, "general request" },	    { 0x20, "SNP features" },	       { 0x30, "unknown reason" },
		     { 1, "GHCB registration" },    { 0xC1, "Secure AVIC" },	       { 0xD1, "unknown reason" },
		     { 0xC, "panic (see its log)" }, { 0xDC, "the guest cannot be reset" }, { 0xEC, "unknown reason" },
		     { 2, "unknown reason" },	    { 0xFFF, "unknown reason" } };

	for (unsigned i = 0; i < ARRAY_SIZE(ends); i++) {
		uint64_t set = ends[i].info & 0xFu, code = ends[i].info >> 4;

		mock_reset();
		CHECK_EQ(msr_call(GHCB_MSR_TERMINATE | set << 12 | code << 16), ~0ull);
		CHECK_EQ(mock_stop_status, STOP_TERMINATED);
		CHECK(strstr(mock_stop_text, ends[i].words) != NULL);
	}
}

TEST(valid_bits_are_the_hosts_afterwards)
{
	mock_reset();
	memset(mock_ghcb()->valid_bitmap, 0xFF, 16);
	GOOD(mock_event(SVM_EXIT_WBINVD, 0, 0));
	CHECK(!mock_is_valid(&mock_ghcb()->sw_exit_code));
	CHECK(!mock_is_valid(&mock_ghcb()->rax));
}

/* ---- faults ---- */

static bool fault(uint64_t info_1, uint64_t gpa)
{
	if (MOCK_STOPS())
		return false;
	host_page_fault(&machine_vcpu[0], info_1 | NPF_RMP, gpa);
	mock_armed = false;
	return true;
}

TEST(accesses_convert_pages)
{
	mock_reset();
	CHECK(fault(NPF_ENCRYPTED | NPF_WRITE, SHARED_RUN + 8));
	CHECK_EQ(mock_rmp(SHARED_RUN)->assigned, 1);
	CHECK_EQ(mock_rmp(SHARED_RUN)->validated, 0);
	mock_give(SHARED_RUN);
	CHECK(fault(NPF_WRITE, SHARED_RUN + 8));
	CHECK_EQ(mock_rmp(SHARED_RUN)->assigned, 0);
	CHECK_EQ(mock_rmp(SHARED_RUN)->validated, 0);
	CHECK_EQ(mock_ram(SHARED_RUN)[0], 0x5C);
	CHECK_EQ(mock_injected, ~0u);
}

TEST(large_entries_are_split_on_request)
{
	mock_reset();
	CHECK_EQ(rmp_update(0x200000, true, true), 0);
	CHECK(fault(NPF_ENCRYPTED | NPF_SIZEMISMATCH, 0x201000));
	CHECK_EQ(mock_rmp(0x200000)->size_2m, 0);
	CHECK_EQ(mock_rmp(0x3FF000)->assigned, 1);
}

TEST(refused_accesses)
{
	mock_reset();
	mock_give(SHARED_RUN);
	CHECK(!fault(NPF_ENCRYPTED | NPF_VMPL | NPF_WRITE, SHARED_RUN));
	CHECK_EQ(mock_stop_status, STOP_VIOLATION);
	CHECK(strstr(mock_stop_text, "may not write 0x100000") != NULL);
	/* A save area in use: no access changes its state. */
	mock_vmsa_in_use = SHARED_RUN;
	CHECK(!fault(NPF_ENCRYPTED | NPF_WRITE, SHARED_RUN));
	CHECK(!fault(NPF_WRITE, SHARED_RUN));
	CHECK_EQ(mock_stop_status, STOP_VIOLATION);
	CHECK_EQ(mock_rmp(SHARED_RUN)->validated, 1);
}

TEST(a_probe_is_good_for_one_access)
{
	mock_reset();
	mock_give(SHARED_RUN);
	MOCK_SET(rax, 1);
	GOOD(mock_event(SVM_EXIT_IOIO, 0x0C60ull << 16 | 4u << 4, 0));
	CHECK(host_probe_armed[MOCK_VMPL]);
	CHECK(!host_probe_armed[0]);
	CHECK(fault(NPF_ENCRYPTED | NPF_VMPL, SHARED_RUN));
	CHECK_EQ(mock_injected, 13);
	CHECK(!host_probe_armed[MOCK_VMPL]);
	CHECK(!fault(NPF_ENCRYPTED | NPF_VMPL, SHARED_RUN));
	CHECK(!fault(NPF_ENCRYPTED | NPF_VMPL | NPF_EXECUTE, SHARED_RUN));
	CHECK(strstr(mock_stop_text, "may not execute") != NULL);
}

TEST(other_exits_end_the_machine)
{
	mock_reset();
	if (!MOCK_STOPS())
		host_exit(&machine_vcpu[0], SVM_EXIT_SHUTDOWN, 0, 0);
	CHECK_EQ(mock_stop_status, STOP_GUEST_DEAD);
	if (!MOCK_STOPS())
		host_exit(&machine_vcpu[0], 0x80, 1, 2);
	CHECK(strstr(mock_stop_text, "exit 0x80 (0x1, 0x2)") != NULL);
}

/* ---- test device, counters ---- */

static uint32_t device_read(uint16_t port)
{
	GOOD(mock_event(SVM_EXIT_IOIO, (uint64_t)port << 16 | 4u << 4 | GHCB_IOIO_IN, 0));
	return (uint32_t)mock_ghcb()->rax;
}

static void device_write(uint16_t port, uint32_t value)
{
	MOCK_SET(rax, value);
	GOOD(mock_event(SVM_EXIT_IOIO, (uint64_t)port << 16 | 4u << 4, 0));
}

TEST(test_device)
{
	mock_reset();
	CHECK_EQ(device_read(0x0C50), 0x4C48534E);
	device_write(0x0C54, MOCK_HIGH_START & 0xFFFFFFFF);
	device_write(0x0C58, MOCK_HIGH_START >> 32);
	CHECK_EQ(device_read(0x0C5C), 1u << 4);
	mock_give(MOCK_HIGH_START);
	mock_rmp(MOCK_HIGH_START)->perms[2] = 7;
	CHECK_EQ(device_read(0x0C5C), 1u << 4 | 3u | 7u << 16);
	device_write(0x0C58, 7);
	CHECK_EQ(device_read(0x0C5C), 0);
	CHECK_EQ(device_read(0x0C72), ~0u);
	MOCK_SET(rax, 0xC5);
	CHECK(!mock_event(SVM_EXIT_IOIO, 0x0C70ull << 16 | 4u << 4, 0));
	CHECK_EQ(mock_stop_status, 64 + 5);
}

/* More kinds of events than there are counters: the first ones go on counting, totals are exact. */
TEST(counters)
{
	uint32_t before, of_vmpl2;

	mock_reset();
	before = stats_exits_total();
	of_vmpl2 = stats_exits_of(2);
	for (uint64_t kind = 0; kind < 100; kind++) {
		stats_exit(2, 0x100000 + kind);
		stats_nae(2, 0x100000 + kind);
	}
	CHECK_EQ(stats_exits_total() - before, 100);
	CHECK_EQ(stats_exits_of(2) - of_vmpl2, 100);
	stats_print();
	CHECK(strstr(mock_log_text, "launch digest") != NULL);
}

TEST(stays_at_vmpl0)
{
	uint64_t us = machine_ticks_per_ms() / 1000u, before[32];
	static const struct {
		uint64_t us;
		uint32_t bucket;
	} cases[] = { { 0, 0 }, { 1, 1 }, { 2, 2 }, { 3, 2 }, { 4, 3 }, { 1023, 10 }, { 1024, 11 }, { 10000, 14 }, { 1ull << 40, 31 } };

	for (uint32_t i = 0; i < 32; i++)
		before[i] = stats_stays(i);
	for (uint32_t i = 0; i < ARRAY_SIZE(cases); i++) {
		stats_stay(cases[i].us * us);
		CHECK_EQ(stats_stays(cases[i].bucket), ++before[cases[i].bucket]);
		CHECK_EQ(stats_longest_stay(), cases[i].us);
	}
	stats_stay(5 * us);
	stats_stay(us - 1);
	CHECK_EQ(stats_stays(0), before[0] + 1);
	CHECK_EQ(stats_longest_stay(), 1ull << 40);
	stats_print();
}
