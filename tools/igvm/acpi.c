/* SPDX-License-Identifier: MIT */
#include "acpi.h"

#include <string.h>

/* Places in the page. FACS must be 64-byte aligned, the RSDP 16. */
#define OFF_RSDP 0x000u
#define OFF_XSDT 0x040u
#define OFF_FACS 0x080u
#define OFF_FADT 0x100u
#define OFF_DSDT 0x240u

#define SPACE_IO 1u
#define ACCESS_BYTE 1u
#define ACCESS_WORD 2u
#define ACCESS_DWORD 3u

#define PM_BASE 0x600u
#define PM1_EVENT (PM_BASE + 0x00u)
#define PM1_CONTROL (PM_BASE + 0x04u)
#define PM_TIMER (PM_BASE + 0x08u)
#define SCI_IRQ 9u
#define RESET_PORT 0xCF9u
#define RESET_VALUE 0x0Fu

#define FADT_WBINVD (1u << 0)
#define FADT_PROC_C1 (1u << 2)
#define FADT_POWER_BUTTON (1u << 4) /* none in the fixed registers */
#define FADT_SLEEP_BUTTON (1u << 5)
#define FADT_RTC_S4 (1u << 7)
#define FADT_RESET_REGISTER (1u << 10)
#define FADT_USE_PLATFORM_CLOCK (1u << 15)
#define BOOT_LEGACY_DEVICES (1u << 0)
#define BOOT_NO_VGA (1u << 2)

struct __attribute__((packed)) rsdp {
	char signature[8];
	uint8_t checksum; /* of the first 20 bytes */
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
};
_Static_assert(sizeof(struct rsdp) == 36, "RSDP");

struct __attribute__((packed)) table_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
};
_Static_assert(sizeof(struct table_header) == 36, "table header");

struct __attribute__((packed)) xsdt {
	struct table_header header;
	uint64_t table[2];
};

struct __attribute__((packed)) generic_address {
	uint8_t space;
	uint8_t bit_width;
	uint8_t bit_offset;
	uint8_t access_size;
	uint64_t address;
};
_Static_assert(sizeof(struct generic_address) == 12, "generic address");

struct __attribute__((packed)) fadt {
	struct table_header header;
	uint32_t facs;
	uint32_t dsdt;
	uint8_t reserved_44;
	uint8_t preferred_profile;
	uint16_t sci_interrupt;
	uint32_t smi_command; /* 0: the machine is always in ACPI mode */
	uint8_t acpi_enable, acpi_disable, s4bios_request, pstate_control;
	uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer, gpe0, gpe1;
	uint8_t pm1_event_length, pm1_control_length, pm2_control_length, pm_timer_length;
	uint8_t gpe0_length, gpe1_length, gpe1_base, cst_control;
	uint16_t c2_latency, c3_latency, flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
	uint16_t boot_architecture;
	uint8_t reserved_111;
	uint32_t flags;
	struct generic_address reset_register;
	uint8_t reset_value;
	uint16_t arm_boot_architecture;
	uint8_t minor_revision;
	uint64_t x_facs, x_dsdt;
	struct generic_address x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control, x_pm2_control, x_pm_timer;
	struct generic_address x_gpe0, x_gpe1, sleep_control, sleep_status;
	uint64_t hypervisor_vendor;
};
_Static_assert(sizeof(struct fadt) == 276, "FADT of revision 6");
_Static_assert(offsetof(struct fadt, flags) == 112, "FADT flags");
_Static_assert(offsetof(struct fadt, x_dsdt) == 140, "FADT X_DSDT");

struct __attribute__((packed)) facs {
	char signature[4];
	uint32_t length;
	uint32_t hardware_signature, waking_vector, global_lock, flags;
	uint64_t x_waking_vector;
	uint8_t version;
	uint8_t reserved[31];
};
_Static_assert(sizeof(struct facs) == 64, "FACS");

/*
 * DSDT, assembled by hand:
 *   Name (\_S5, Package () { 0, 0, 0, 0 })
 *   Scope (\_SB) {
 *     Device (COM1) {
 *       Name (_HID, EisaId ("PNP0501"))
 *       Name (_UID, 1)
 *       Name (_CRS, ResourceTemplate () { IO (Decode16, 0x3F8, 0x3F8, 0, 8)  IRQNoFlags () { 4 } })
 *     }
 *   }
 */
/* clang-format off */
static const uint8_t dsdt_code[] = {
	0x08, '\\', '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x00, 0x00, 0x00, 0x00,
	0x10, 0x33, '\\', '_', 'S', 'B', '_',
	0x5B, 0x82, 0x2B, 'C', 'O', 'M', '1',
	0x08, '_', 'H', 'I', 'D', 0x0C, 0x41, 0xD0, 0x05, 0x01,
	0x08, '_', 'U', 'I', 'D', 0x01,
	0x08, '_', 'C', 'R', 'S', 0x11, 0x10, 0x0A, 0x0D,
	0x47, 0x01, 0xF8, 0x03, 0xF8, 0x03, 0x00, 0x08, 0x22, 0x10, 0x00, 0x79, 0x00,
};
/* clang-format on */

static uint8_t checksum(const void *data, size_t size)
{
	const uint8_t *byte = data;
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + byte[i]);
	return (uint8_t)(0x100u - sum);
}

static struct table_header make_header(const char signature[4], size_t length, uint8_t revision)
{
	struct table_header header = {
		.length = (uint32_t)length, .revision = revision, .oem_revision = 1, .creator_revision = 1
	};

	memcpy(header.signature, signature, 4);
	memcpy(header.oem_id, "CASHEW", 6);
	memcpy(header.oem_table_id, "CASHEW  ", 8);
	memcpy(header.creator_id, "CSHW", 4);
	return header;
}

/* Stores a table and makes its checksum right. */
static void put_table(uint8_t *page, uint32_t offset, const void *table, size_t size)
{
	struct table_header header;

	memcpy(page + offset, table, size);
	memcpy(&header, page + offset, sizeof(header));
	header.checksum = checksum(page + offset, size);
	memcpy(page + offset, &header, sizeof(header));
}

static struct generic_address io_register(uint32_t port, uint8_t bytes, uint8_t access)
{
	return (struct generic_address){ SPACE_IO, (uint8_t)(8u * bytes), 0, access, port };
}

static void put_fadt(uint8_t *page, uint64_t base)
{
	struct fadt fadt = {
		.header = make_header("FACP", sizeof(fadt), 6),
		.facs = (uint32_t)(base + OFF_FACS),
		.dsdt = (uint32_t)(base + OFF_DSDT),
		.sci_interrupt = SCI_IRQ,
		.pm1a_event = PM1_EVENT,
		.pm1a_control = PM1_CONTROL,
		.pm_timer = PM_TIMER,
		.pm1_event_length = 4,
		.pm1_control_length = 2,
		.pm_timer_length = 4,
		.c2_latency = 0xFFF, /* above the limits that the specification sets: no C2, no C3 */
		.c3_latency = 0xFFF,
		.century = 0x32,
		.boot_architecture = BOOT_LEGACY_DEVICES | BOOT_NO_VGA,
		.flags = FADT_WBINVD | FADT_PROC_C1 | FADT_POWER_BUTTON | FADT_SLEEP_BUTTON | FADT_RTC_S4 |
			 FADT_RESET_REGISTER | FADT_USE_PLATFORM_CLOCK,
		.reset_register = io_register(RESET_PORT, 1, ACCESS_BYTE),
		.reset_value = RESET_VALUE,
		.minor_revision = 3,
		.x_facs = 0, /* the 32-bit field holds it; only one of the two may be used */
		.x_dsdt = base + OFF_DSDT,
		.x_pm1a_event = io_register(PM1_EVENT, 4, ACCESS_WORD),
		.x_pm1a_control = io_register(PM1_CONTROL, 2, ACCESS_WORD),
		.x_pm_timer = io_register(PM_TIMER, 4, ACCESS_DWORD),
	};

	memcpy(&fadt.hypervisor_vendor, "CASHEW\0", 8);
	put_table(page, OFF_FADT, &fadt, sizeof(fadt));
}

static void put_dsdt(uint8_t *page)
{
	uint8_t dsdt[sizeof(struct table_header) + sizeof(dsdt_code)];
	struct table_header header = make_header("DSDT", sizeof(dsdt), 2);

	memcpy(dsdt, &header, sizeof(header));
	memcpy(dsdt + sizeof(header), dsdt_code, sizeof(dsdt_code));
	put_table(page, OFF_DSDT, dsdt, sizeof(dsdt));
}

static void put_rsdp(uint8_t *page, uint64_t base)
{
	struct rsdp rsdp = { .revision = 2, .length = sizeof(rsdp), .xsdt = base + OFF_XSDT };

	memcpy(rsdp.signature, "RSD PTR ", 8);
	memcpy(rsdp.oem_id, "CASHEW", 6);
	rsdp.checksum = checksum(&rsdp, 20);
	rsdp.extended_checksum = checksum(&rsdp, sizeof(rsdp));
	memcpy(page + OFF_RSDP, &rsdp, sizeof(rsdp));
}

void acpi_build(uint8_t page[PAGE_SIZE], uint64_t table_gpa, uint64_t madt_gpa)
{
	struct xsdt xsdt = { .header = make_header("XSDT", sizeof(xsdt), 1),
			     .table = { table_gpa + OFF_FADT, madt_gpa } };
	struct facs facs = { .length = sizeof(facs), .version = 2 };

	memset(page, 0, PAGE_SIZE);
	memcpy(facs.signature, "FACS", 4);
	memcpy(page + OFF_FACS, &facs, sizeof(facs));
	put_rsdp(page, table_gpa);
	put_table(page, OFF_XSDT, &xsdt, sizeof(xsdt));
	put_fadt(page, table_gpa);
	put_dsdt(page);
}
