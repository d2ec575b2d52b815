/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overview: connections. The private socket is always there, works before and
 * without a bus daemon, and tells who is at the other end by itself; the system
 * bus is joined when it comes and joined again when it comes back. Bounded in
 * number and in time, so that nobody holds the daemon by holding a connection.
 * The methods are bus-methods.c's.
 */
#include "manager-bus.h"

#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>

#include "bus-authorize.h"
#include "bus-methods.h"
#include "lib/bus-names.h"
#include "lib/log.h"

#define GROUP "aiguard"
#define PEERS_MAX 16U
#define PEERS_PER_USER_MAX 4U
/* Each call of aiguardctl is one short conversation. */
#define PEER_USEC (30U * 1000000U)
#define REJOIN_USEC (5U * 1000000U)
/* Asking the bus daemon who a sender is must not take longer. */
#define CALL_USEC (2U * 1000000U)

typedef struct Peer {
        BusPeer peer;
        struct Peer *next;
        ManagerBus *owner;
        sd_bus *bus;
        sd_event_source *timeout;
} Peer;

struct ManagerBus {
        Manager *m;
        int fd; /* the listening socket */
        sd_event_source *io;
        Peer *peers;
        size_t n_peers;
        sd_bus *system;
        BusPeer system_peer;
        sd_event_source *rejoin;
};

static Peer *peer_free(Peer *p)
{
        if (!p)
                return NULL;
        sd_event_source_disable_unref(p->timeout);
        sd_bus_close_unref(p->bus); /* no flush: a reader that does not read is not waited for */
        free(p);
        return NULL;
}

DEFINE_CLEANUP(Peer *, peer_free);

static void peer_drop(Peer *p)
{
        ManagerBus *b = p->owner;
        Peer **i = &b->peers;

        while (*i != p)
                i = &(*i)->next;
        *i = p->next;
        b->n_peers--;
        peer_free(p);
}

static int on_peer_timeout(sd_event_source *s, uint64_t usec, void *userdata)
{
        peer_drop(userdata);
        return 0;
}

static int on_peer_gone(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        peer_drop(userdata);
        return 0;
}

static int peer_start(ManagerBus *b, int fd, uid_t uid, Peer **ret)
{
        _cleanup_(peer_freep) Peer *p = calloc(1, sizeof(*p));
        _cleanup_close_ int own_fd = fd;
        sd_id128_t id;
        int r;

        if (!p)
                return -ENOMEM;
        p->owner = b;
        p->peer = (BusPeer){ .m = b->m, .is_private = true, .uid = uid };
        r = sd_id128_randomize(&id);
        if (r >= 0)
                r = sd_bus_new(&p->bus);
        if (r >= 0)
                r = sd_bus_set_fd(p->bus, own_fd, own_fd);
        if (r < 0)
                return r;
        TAKE_FD(own_fd);
        if ((r = sd_bus_set_description(p->bus, "private")) < 0 ||
            (r = sd_bus_set_server(p->bus, true, id)) < 0 || (r = sd_bus_set_anonymous(p->bus, false)) < 0 ||
            (r = sd_bus_start(p->bus)) < 0 || (r = bus_methods_add(p->bus, &p->peer)) < 0 ||
            (r = sd_bus_match_signal(p->bus, NULL, "org.freedesktop.DBus.Local",
                                     "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
                                     "Disconnected", on_peer_gone, p)) < 0 ||
            (r = sd_bus_attach_event(p->bus, manager_event(b->m), SD_EVENT_PRIORITY_NORMAL)) < 0 ||
            (r = sd_event_add_time_relative(manager_event(b->m), &p->timeout, CLOCK_MONOTONIC, PEER_USEC, 0,
                                            on_peer_timeout, p)) < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}

static size_t peers_of(const ManagerBus *b, uid_t uid)
{
        size_t n = 0;

        for (const Peer *p = b->peers; p; p = p->next)
                n += p->peer.uid == uid;
        return n;
}

static int on_connection(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        _cleanup_close_ int one = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        ManagerBus *b = userdata;
        struct ucred who;
        socklen_t size = sizeof(who);
        Peer *p;
        int r;

        if (one < 0)
                return 0;
        if (getsockopt(one, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
                return 0;
        /* Root always finds a place: the last ones are kept for it. */
        if (b->n_peers >= PEERS_MAX ||
            (who.uid != 0 && (b->n_peers >= PEERS_MAX / 2 || peers_of(b, who.uid) >= PEERS_PER_USER_MAX)))
                return 0;
        r = peer_start(b, TAKE_FD(one), who.uid, &p);
        if (r < 0) {
                log_warning_errno(r, "bus: a connection cannot be served");
                return 0;
        }
        p->next = b->peers;
        b->peers = p;
        b->n_peers++;
        return 0;
}

static int listen_private(ManagerBus *b)
{
        const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = BUS_PRIVATE_SOCKET };
        const struct group *group = getgrnam(GROUP);
        mode_t mask;
        int r;

        if (mkdir("/run/aiguard", 0755) < 0 && errno != EEXIST)
                return -errno;
        b->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (b->fd < 0)
                return -errno;
        if (unlink(BUS_PRIVATE_SOCKET) < 0 && errno != ENOENT)
                return -errno;
        /* Nobody but root from the first moment on, then the group. */
        mask = umask(0177);
        r = bind(b->fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ? -errno : 0;
        umask(mask);
        if (r < 0)
                return r;
        if (group &&
            (chown(BUS_PRIVATE_SOCKET, 0, group->gr_gid) < 0 || chmod(BUS_PRIVATE_SOCKET, 0660) < 0))
                log_warning_errno(-errno, "bus: the group " GROUP " cannot be let in");
        if (listen(b->fd, PEERS_MAX) < 0)
                return -errno;
        return sd_event_add_io(manager_event(b->m), &b->io, b->fd, EPOLLIN, on_connection, b);
}

/* ---------------------------------------------------------------- the system bus */

static void leave_system(ManagerBus *b)
{
        bus_authorize_forget(&b->system_peer);
        b->system = sd_bus_close_unref(b->system);
}

static int on_system_gone(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        ManagerBus *b = userdata;

        leave_system(b);
        (void) sd_event_source_set_time_relative(b->rejoin, REJOIN_USEC);
        (void) sd_event_source_set_enabled(b->rejoin, SD_EVENT_ONESHOT);
        return 0;
}

static int on_name(sd_bus_message *msg, void *userdata, sd_bus_error *reterr)
{
        const sd_bus_error *e = sd_bus_message_get_error(msg);

        if (e)
                log_notice("bus: the name " BUS_NAME " is not ours to have: %s", e->message);
        return 0;
}

static int join_system(ManagerBus *b)
{
        const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");
        int r;

        if ((r = sd_bus_new(&b->system)) < 0 || (r = sd_bus_set_description(b->system, "system")) < 0 ||
            (r = sd_bus_set_address(b->system,
                                    address ? address : "unix:path=/run/dbus/system_bus_socket")) < 0 ||
            (r = sd_bus_set_bus_client(b->system, true)) < 0 ||
            (r = sd_bus_set_watch_bind(b->system, true)) < 0 ||
            (r = sd_bus_set_method_call_timeout(b->system, CALL_USEC)) < 0 ||
            (r = bus_methods_add(b->system, &b->system_peer)) < 0 ||
            (r = sd_bus_match_signal_async(b->system, NULL, "org.freedesktop.DBus.Local",
                                           "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
                                           "Disconnected", on_system_gone, NULL, b)) < 0 ||
            (r = sd_bus_start(b->system)) < 0 ||
            (r = sd_bus_attach_event(b->system, manager_event(b->m), SD_EVENT_PRIORITY_NORMAL)) < 0 ||
            (r = sd_bus_request_name_async(b->system, NULL, BUS_NAME, 0, on_name, b)) < 0) {
                leave_system(b);
                return r;
        }
        return 0;
}

static int on_rejoin(sd_event_source *s, uint64_t usec, void *userdata)
{
        ManagerBus *b = userdata;

        if (!b->system && join_system(b) < 0) {
                (void) sd_event_source_set_time_relative(s, REJOIN_USEC);
                (void) sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
        }
        return 0;
}

int manager_bus_new(Manager *m, ManagerBus **ret)
{
        _cleanup_(manager_bus_freep) ManagerBus *b = calloc(1, sizeof(*b));
        int r;

        if (!b)
                return -ENOMEM;
        b->m = m;
        b->fd = -EBADF;
        b->system_peer.m = m;
        r = listen_private(b);
        if (r < 0)
                return log_error_errno(r, "bus: " BUS_PRIVATE_SOCKET " cannot be served");
        r = sd_event_add_time_relative(manager_event(m), &b->rejoin, CLOCK_MONOTONIC, 0, 0, on_rejoin, b);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(b);
        return 0;
}

ManagerBus *manager_bus_free(ManagerBus *b)
{
        if (!b)
                return NULL;
        sd_event_source_disable_unref(b->io);
        sd_event_source_disable_unref(b->rejoin);
        while (b->peers)
                peer_drop(b->peers);
        leave_system(b);
        if (b->fd >= 0)
                (void) unlink(BUS_PRIVATE_SOCKET);
        safe_close(b->fd);
        free(b);
        return NULL;
}
