/* SPDX-License-Identifier: MIT */
/* A reset that a guest asks for: what is put back of QEMU's devices, who is told, and what stays as it is. */
#include "abi/nutshell.h"
#include "tests/mock/nutshell.h"
#include "tests/unit/unit.h"

#define PROBE_PORT NUTSHELL_PORT_PROBE

static uint32_t pci[2][64];

static void start(bool reboot)
{
	mock_reset();
	options.reboot = reboot;
	host_monitor_uses_msr = true; /* only an answer by MSR can tell it */
	mock_in_value = 0;
	memset(mock_port_value, 0x5A, sizeof(mock_port_value));
	memset(mock_device, 0x5A, sizeof(mock_device));
	memset(pci, 0, sizeof(pci));
	mock_pci = pci;
}

static void finish(void)
{
	options.reboot = false;
	mock_pci = NULL;
	mock_in_value = 0;
}

static bool write_port(uint16_t port, uint64_t size, uint64_t value)
{
	MOCK_SET(rax, value);
	return mock_event(SVM_EXIT_IOIO, (uint64_t)port << 16 | size << 4, 0);
}

static uint32_t read_port(uint16_t port, uint64_t size)
{
	MOCK_SET(rax, 0);
	CHECK(mock_event(SVM_EXIT_IOIO, (uint64_t)port << 16 | size << 4 | GHCB_IOIO_IN, 0));
	return (uint32_t)mock_ghcb()->rax;
}

static uint32_t mmio_word(uint32_t offset)
{
	uint32_t word;

	memcpy(&word, mock_device + offset, sizeof(word));
	return word;
}

TEST(every_way_to_ask_for_it)
{
	static const struct {
		uint16_t port;
		uint32_t value;
		const char *why;
	} ways[] = { { 0xCF9, 6, "port 0xCF9" }, { 0x64, 0xFE, "keyboard controller" }, { 0x92, 1, "port 0x92" } };

	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		uint32_t before = host_resets();

		start(true);
		CHECK(write_port(ways[i].port, 1, ways[i].value));
		CHECK_EQ(host_resets(), before + 1);
		CHECK_EQ(mock_switched_to, 0);
		machine_vcpu[0].vmpl = MOCK_VMPL;
		CHECK_EQ(read_port(NUTSHELL_PORT_RESETS, 4), before + 1);
		/* It ends the machine when that was not wanted. */
		start(false);
		CHECK(!write_port(ways[i].port, 1, ways[i].value));
		CHECK_EQ(mock_stop_status, STOP_POWER_OFF);
		CHECK(strstr(mock_stop_text, ways[i].why) != NULL);
		/* Or when the monitor could not be told. */
		start(true);
		host_monitor_uses_msr = false;
		CHECK(!write_port(ways[i].port, 1, ways[i].value));
		CHECK_EQ(mock_stop_status, STOP_POWER_OFF);
		CHECK_EQ(host_resets(), before + 1);
	}
	finish();
}

TEST(a_guest_that_shuts_down)
{
	struct vcpu *vcpu = &machine_vcpu[0];
	uint32_t before = host_resets();

	start(true);
	host_exit(vcpu, SVM_EXIT_SHUTDOWN, 0, 0);
	CHECK_EQ(host_resets(), before + 1);
	CHECK_EQ(mock_switched_to, 0);
	/* The monitor's own end is the machine's. */
	start(true);
	vcpu->vmpl = 0;
	if (!MOCK_STOPS()) {
		host_exit(vcpu, SVM_EXIT_SHUTDOWN, 0, 0);
		CHECK(false);
	}
	CHECK_EQ(mock_stop_status, STOP_GUEST_DEAD);
	CHECK_EQ(host_resets(), before + 1);
	finish();
}

TEST(devices_are_put_back)
{
	start(true);
	CHECK(write_port(PROBE_PORT, 4, 1));
	CHECK_EQ(read_port(PROBE_PORT, 4), 1);
	mock_device_accesses = 0;
	host_reset(&machine_vcpu[0], "test");
	CHECK_EQ(mock_device_accesses, 4 * 24 + 6);
	CHECK_EQ(mock_port_value[0x21], 0xFF);
	CHECK_EQ(mock_port_value[0xA1], 0xFF);
	CHECK_EQ(mock_port_value[0x43], 0x34);
	CHECK_EQ(mock_port_value[0x40], 0);
	CHECK_EQ(mock_port_value[0x71], 2); /* 24 hours, no interrupts; register C was read after that */
	CHECK_EQ(mock_port_value[0x70], 0x0C);
	CHECK_EQ(mock_port_value[0x3F9], 0);
	CHECK_EQ(mock_port_value[0x602], 0);
	CHECK_EQ(mock_port_value[0x600], 0xFFFF);
	CHECK_EQ(mmio_word(0), 0x3F); /* the last register of the last of 24 entries */
	CHECK_EQ(mmio_word(0x10), 0);
	for (uint32_t i = 0; i < 3; i++)
		CHECK_EQ(mmio_word(0x100 + i * 0x20), 0);
	CHECK_EQ(mmio_word(0xF0) | mmio_word(0xF4), 0);
	machine_vcpu[0].vmpl = MOCK_VMPL;
	CHECK_EQ(read_port(PROBE_PORT, 4), 0);
	finish();
}

TEST(pci_devices_are_silenced)
{
	start(true);
	pci[0][0] = 0x12348086;
	pci[0][1] = 0x00100107; /* with capabilities, as a bus master */
	pci[0][0x34 / 4] = 0x40;
	pci[0][0x40 / 4] = 0x00815005; /* MSI, on; the next at 0x50 */
	pci[0][0x50 / 4] = 0xC0006011; /* MSI-X, on; the next at 0x60 */
	pci[0][0x60 / 4] = 0x00010009; /* another one; the next, as no device has it, at 0 */
	pci[1][0] = 0x11111AF4;
	pci[1][1] = 0x00000407; /* no capabilities */
	pci[1][0x34 / 4] = 0x40;
	pci[1][0x40 / 4] = 0x00815005;
	host_reset(&machine_vcpu[0], "test");
	CHECK_EQ(pci[0][1], 0x0103); /* writing to the status would clear it */
	CHECK_EQ(pci[0][0x40 / 4], 0x00805005);
	CHECK_EQ(pci[0][0x50 / 4], 0x40006011);
	CHECK_EQ(pci[0][0x60 / 4], 0x00010009);
	CHECK_EQ(pci[1][1], 0x0403);
	CHECK_EQ(pci[1][0x40 / 4], 0x00815005);
	/* A list that goes in circles has an end. */
	start(true);
	pci[0][0] = 0x12348086;
	pci[0][1] = 0x00100000;
	pci[0][0x34 / 4] = 0x40;
	pci[0][0x40 / 4] = 0x00014005;
	host_reset(&machine_vcpu[0], "test");
	CHECK_EQ(pci[0][0x40 / 4], 0x00004005);
	finish();
}

TEST(memory_sizes_in_the_clock)
{
	uint64_t above = (MOCK_LOW_END << 4) - (16ull << 20);

	start(true);
	mock_low_end = MOCK_LOW_END << 4;
	mock_in_value = 0x77;
	CHECK(write_port(0x70, 1, 0x34));
	CHECK_EQ(read_port(0x71, 1), above >> 16 & 0xFFu);
	CHECK(write_port(0x70, 1, 0x35));
	CHECK_EQ(read_port(0x71, 1), above >> 24);
	CHECK(write_port(0x70, 1, 0x5B));
	CHECK_EQ(read_port(0x71, 1), (MOCK_HIGH_END - MOCK_HIGH_START) >> 16);
	CHECK(write_port(0x70, 1, 0x5C));
	CHECK_EQ(read_port(0x71, 1), 0);
	CHECK(write_port(0x70, 1, 0x80 | 0x5D)); /* the highest bit is NMI's */
	CHECK_EQ(read_port(0x71, 1), 0);
	CHECK(write_port(0x70, 1, 0x10));
	CHECK_EQ(read_port(0x71, 1), 0x77);
	/* After a reset register 0 is chosen. */
	CHECK(write_port(0x70, 1, 0x34));
	host_reset(&machine_vcpu[0], "test");
	machine_vcpu[0].vmpl = MOCK_VMPL;
	CHECK_EQ(read_port(0x71, 1), 0x77);
	mock_low_end = MOCK_LOW_END;
	finish();
}

TEST(ports_of_each_size)
{
	start(true);
	mock_in_value = 0x12345678;
	CHECK_EQ(read_port(0x1234, 1), 0x78);
	CHECK_EQ(read_port(0x1234, 2), 0x5678);
	CHECK_EQ(read_port(0x1234, 4), 0x12345678);
	for (uint64_t size = 1; size <= 4; size *= 2) {
		CHECK(write_port(0x1234, size, 0xA1B2C3D4));
		CHECK_EQ(mock_port_value[0x1234], size == 4 ? 0xA1B2C3D4u : size == 2 ? 0xC3D4u : 0xD4u);
	}
	CHECK_EQ(read_port(0x514, 4), 0x12345678); /* the signature of fw_cfg's DMA is QEMU's */
	CHECK_EQ(read_port(0x514, 1) & 0xFFu, 0xFF);
	finish();
}

TEST(test_device_counts)
{
	start(true);
	options.parameter = 0x1234;
	CHECK_EQ(read_port(NUTSHELL_PORT_PARAMETER, 4), 0x1234);
	options.parameter = 0;
	CHECK_EQ(read_port(NUTSHELL_PORT_EXITS_ALL, 4), stats_exits_total());
	CHECK_EQ(read_port(NUTSHELL_PORT_EXITS_VMPL0, 4), stats_exits_of(0));
	stats_switch();
	CHECK_EQ(read_port(NUTSHELL_PORT_SWITCHES, 4), stats_switches());
	CHECK(stats_switches() > 0);
	CHECK(write_port(NUTSHELL_PORT_MARK, 4, 1)); /* without a script nothing happens */
	finish();
}

TEST(processors)
{
	start(true);
	machine_vcpu_count = 2;
	CHECK_EQ(ports_processor_count(), 2);
	for (uint32_t wrong = 0; wrong <= 9; wrong += 9) {
		machine_vcpu_count = wrong;
		if (!MOCK_STOPS()) {
			(void)ports_processor_count();
			CHECK(false);
		}
		CHECK_EQ(mock_stop_status, STOP_LAUNCH);
	}
	machine_vcpu_count = 2;
	finish();
}

/* VMPL0 hears of a reset by the answer to its next call, once. */
TEST(the_monitor_is_told)
{
	struct vcpu *vcpu = &machine_vcpu[0];

	start(true);
	vcpu->vmpl = 0;
	machine_reset_pending = true;
	vcpu->level[0].ghcb_msr = GHCB_MSR_RUN_VMPL_REQ | 2ull << 32;
	host_vmgexit(vcpu);
	CHECK_EQ(vcpu->level[0].ghcb_msr, GHCB_MSR_RUN_VMPL_RSP | GHCB_RUN_VMPL_RESET << 32);
	CHECK(!machine_reset_pending);
	CHECK_EQ(vcpu->vmpl, 0);
	vcpu->level[0].ghcb_msr = GHCB_MSR_RUN_VMPL_REQ | 2ull << 32;
	host_vmgexit(vcpu);
	CHECK_EQ(mock_switched_to, 2);
	vcpu->vmpl = MOCK_VMPL;
	finish();
}
