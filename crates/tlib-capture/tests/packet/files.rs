//! Kinds of files and links, and files that end too soon.

use tlib_capture::packet::{PcapngWriter, ReadOptions};

use crate::support::{CLIENT, SERVER, Tcp, address, at, capture, event, hello, pcap, read, read_with};

fn ip() -> Vec<Vec<u8>> {
    let name = hello("Icon_Voice");
    let end = 1 + u32::try_from(name.frame().len()).unwrap();
    [Tcp::to_server(0, &[]).syn(), Tcp::to_server(1, name.frame()), Tcp::to_server(end, event(1, 5).frame())]
        .iter()
        .map(Tcp::packet)
        .collect()
}

#[test]
fn every_link_is_read() {
    let with = |head: &[u8]| ip().iter().map(|packet| [head, packet].concat()).collect::<Vec<_>>();
    let ethernet = [&[2; 12][..], &[0x08, 0x00]].concat();
    let vlan = [&[2; 12][..], &[0x81, 0x00, 0x00, 0x05, 0x08, 0x00]].concat();
    let cooked = [&[0; 14][..], &[0x08, 0x00]].concat();
    let cooked2 = [&[0x08, 0x00][..], &[0; 18]].concat();
    let expected = vec![hello("Icon_Voice"), event(1, 5)];
    for (link, head) in [
        (1, &ethernet[..]),
        (1, &vlan),
        (0, &[2, 0, 0, 0]),
        (108, &[0, 0, 0, 2]),
        (101, &[]),
        (12, &[]),
        (228, &[]),
        (113, &cooked),
        (276, &cooked2),
    ] {
        assert_eq!(read(&pcap(link, &with(head))).clean().messages(), expected, "link {link}");
    }
    let strange = read(&pcap(147, &ip()));
    assert!(strange.texts()[0].contains("link type 147 is not read"), "{strange:?}");
    assert_eq!((strange.complaints.len(), strange.summary.ignored), (1, 3));
}

#[test]
fn padding_of_short_ethernet_frames_is_no_payload() {
    let head = [&[2; 12][..], &[0x08, 0x00]].concat();
    let mut packets: Vec<_> = ip().iter().map(|packet| [&head[..], packet].concat()).collect();
    for packet in &mut packets {
        packet.extend_from_slice(&[0; 6]);
    }
    assert_eq!(read(&pcap(1, &packets)).clean().messages().len(), 2);
}

#[test]
fn ipv6_and_both_byte_orders_and_nanoseconds() {
    let six = Tcp {
        from: address("[fe80::1]:40000"),
        to: address("[fe80::2]:7007"),
        ..Tcp::to_server(1, event(1, 5).frame())
    };
    let syn = Tcp { sequence: 0, payload: Vec::new(), ..six.clone() }.syn();
    let read_six = read(&capture(&[syn, six])).clean();
    assert_eq!(read_six.captured[0].client, address("[fe80::1]:40000"));

    let mut big = Vec::new();
    for word in [0xa1b2_3c4d_u32, 2 << 16 | 4, 0, 0, 65_535, 101] {
        big.extend_from_slice(&word.to_be_bytes());
    }
    for packet in ip() {
        let length = u32::try_from(packet.len()).unwrap();
        for word in [7, 123_456_789, length, length] {
            big.extend_from_slice(&word.to_be_bytes());
        }
        big.extend_from_slice(&packet);
    }
    let read = read(&big).clean();
    assert_eq!(read.captured[1].at, tlib_proto::Timestamp::new(7, 123_456));
}

#[test]
fn a_cut_file_gives_what_is_there_and_names_the_packet() {
    let mut writer = PcapngWriter::new(Vec::new(), "test").unwrap();
    writer.open(at(0), 1, address(CLIENT), address(SERVER)).unwrap();
    writer.bytes(at(1), 1, tlib_capture::packet::Flow::ToServer, hello("X").frame()).unwrap();
    writer.bytes(at(2), 1, tlib_capture::packet::Flow::ToClient, event(1, 50).frame()).unwrap();
    let whole = writer.finish(at(3)).unwrap();
    let pcaps = [whole, pcap(101, &ip())];
    for file in &pcaps {
        let all = read(file).clean().messages();
        for length in 0..file.len() {
            let cut = read(&file[..length]);
            assert_eq!(cut.messages(), all[..cut.captured.len()], "a beginning of what there is");
            if let Some(error) = cut.error {
                let text = error.to_string();
                let packet = format!("packet {}, byte ", cut.summary.packets + 1);
                assert!(text.starts_with(&packet) && text.contains("the file ends here"), "{length}: {text}");
            }
        }
    }
    let text = read(b"PK\x03\x04 and more").error.unwrap().to_string();
    assert_eq!(text, "no capture file: it begins with 50 4b 03 04; pcap and pcapng files are read");
}

#[test]
fn a_damaged_head_names_packet_and_byte() {
    let mut file = pcap(101, &ip());
    let second = 24 + 16 + ip()[0].len();
    file[second + 8..second + 12].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
    let text = read(&file).error.unwrap().to_string();
    assert_eq!(
        text,
        format!(
            "packet 2, byte {second} of the file: a packet of 2147483647 bytes is over the limit of 16777216; the file is damaged from here on"
        )
    );
}

#[test]
fn a_snap_length_is_complained_of_once_and_the_hole_is_a_hole() {
    let mut file = pcap(101, &[]);
    let name = hello("Icon_Voice");
    let long = event(7, 3000);
    let end = 1 + u32::try_from(name.frame().len()).unwrap();
    let after = end + u32::try_from(long.frame().len()).unwrap();
    for segment in [
        Tcp::to_server(0, &[]).syn(),
        Tcp::to_server(1, name.frame()),
        Tcp::to_server(end, long.frame()),
        Tcp::to_server(after, event(8, 10).frame()),
    ] {
        let packet = segment.packet();
        let kept = packet.len().min(200);
        for word in [0, 0, u32::try_from(kept).unwrap(), u32::try_from(packet.len()).unwrap()] {
            file.extend_from_slice(&word.to_le_bytes());
        }
        file.extend_from_slice(&packet[..kept]);
    }
    let read = read(&file);
    assert_eq!(read.messages(), [name, event(8, 10)]);
    let texts = read.texts();
    assert!(texts[0].contains("only 200 of 3062 bytes were captured"), "{texts:#?}");
    assert!(texts[1].contains("bytes are not in the capture"), "{texts:#?}");
}

#[test]
fn ports_choose_connections() {
    let options = |port| ReadOptions { ports: vec![port], ..ReadOptions::default() };
    let file = pcap(101, &ip());
    assert_eq!(read_with(&file, options(7007)).messages().len(), 2);
    let other = read_with(&file, options(80));
    assert_eq!((other.captured.len(), other.summary.ignored), (0, 3));
}
